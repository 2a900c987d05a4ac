//! How the items of loops fare.

use std::collections::{HashMap, HashSet};

/// Items of loops that are under way, by the path of their loop.
#[derive(Debug, Default)]
pub(super) struct Items {
    /// Items whose last step failed, by their number as it is written.
    failed: HashMap<String, HashSet<String>>,
}

impl Items {
    /// Takes in how a step ended; what counts for an item is the last of its steps.
    pub(super) fn ended(&mut self, path: &str, failed: bool) {
        for (slash, _) in path.match_indices('/') {
            let around = path.get(..slash).unwrap_or_default();
            let item = around.strip_suffix(']').and_then(|item| item.rsplit_once('['));
            let Some((each, number)) = item else { continue };
            if failed {
                self.failed.entry(each.to_owned()).or_default().insert(number.to_owned());
            } else if let Some(numbers) = self.failed.get_mut(each) {
                numbers.remove(number);
            }
        }
    }

    /// How many items of a loop that has ended failed.
    pub(super) fn failed_of(&mut self, each: &str) -> usize {
        self.failed.remove(each).map_or(0, |numbers| numbers.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_of_an_item_counts() {
        let mut items = Items::default();
        items.ended("teams[0]/join", true);
        items.ended("teams[1]/join", true);
        items.ended("teams[1]/tell", false);
        items.ended("teams[2]/people[0]/add", true);
        assert_eq!(items.failed_of("teams[2]/people"), 1);
        items.ended("teams[2]/people", false);
        assert_eq!(items.failed_of("teams"), 1);
        assert_eq!(items.failed_of("teams"), 0);
    }
}
