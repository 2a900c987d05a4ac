//! Lists of runs, newest first.
//!
//! Every index sorts by place, so several conditions are one walk: each index in turn is
//! moved to the next place that the others allow. The rarest condition sets the pace,
//! whichever it is.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use jiff::Timestamp;
use tenure_run::{RunId, RunStatus, Summary};
use tenure_store::Scan;

use crate::keys::{self, PLACE_LEN, Place};
use crate::{RunLog, RunLogError};

/// Most runs on one page.
pub const LIST_MAX: usize = 1000;

/// Places read from one index at a time.
const CHUNK: usize = 100;

/// Places looked at for one page; a page may then be short although more follow.
const LOOKS_MAX: usize = if cfg!(test) { 2_000 } else { 20_000 };

/// Which runs a list shows; everything when nothing is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Runs of this workflow.
    pub workflow: Option<String>,
    /// Runs in this status.
    pub status: Option<RunStatus>,
    /// Runs about exactly this subject.
    pub subject: Option<String>,
    /// Runs accepted at this instant or later.
    pub since: Option<Timestamp>,
    /// Runs accepted before this instant.
    pub until: Option<Timestamp>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The runs, newest first.
    pub runs: Vec<Summary>,
    /// Where the next page begins; absent on the last one.
    pub next: Option<Cursor>,
}

/// A position in a list, for whoever turns the page.
///
/// Holds wherever runs come and go meanwhile: none is shown twice, none that stays is missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(Bytes);

/// A text that is not a position in a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cursor was not given out by this list")]
pub struct CursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let digits = text.as_bytes().chunks(2).map(|pair: &[u8]| {
            let &[high, low] = pair else { return None };
            let digit = |digit| char::from(digit).to_digit(16);
            u8::try_from(16 * digit(high)? + digit(low)?).ok()
        });
        let bytes: Vec<u8> = digits.collect::<Option<_>>().ok_or(CursorError)?;
        // Lists hold places; the list of live runs holds a status before it.
        let known = bytes.len() == PLACE_LEN || bytes.len() == PLACE_LEN + 1;
        if known { Ok(Self(bytes.into())) } else { Err(CursorError) }
    }
}

impl Filter {
    fn allows(&self, summary: &Summary) -> bool {
        self.workflow.as_ref().is_none_or(|workflow| *workflow == summary.workflow)
            && self.status.is_none_or(|status| status == summary.status)
            && self.subject.as_ref().is_none_or(|subject| Some(subject) == summary.subject.as_ref())
            && self.since.is_none_or(|since| summary.created_at >= since)
            && self.until.is_none_or(|until| summary.created_at < until)
    }

    /// The conditions, each as the parts of an index that together hold what it allows.
    fn conditions(&self) -> Vec<Condition> {
        let mut conditions = Vec::new();
        if let Some(subject) = &self.subject {
            conditions.push(vec![keys::subject_prefix(subject)]);
        }
        if let Some(workflow) = &self.workflow {
            let one = self.status.as_ref().map(std::slice::from_ref);
            let statuses = one.unwrap_or(&keys::OUTCOMES).iter();
            conditions.push(statuses.map(|one| keys::workflow_prefix(workflow, *one)).collect());
        }
        // For runs that have ended, the index by workflow says as much.
        let said = self.workflow.is_some() && self.status.is_some_and(RunStatus::is_ended);
        if let Some(status) = self.status.filter(|_| !said) {
            conditions.push(vec![keys::status_prefix(status)]);
        }
        if conditions.is_empty() {
            conditions.push(vec![Bytes::from_static(keys::TIME)]);
        }
        // Milliseconds are rounded down, so the oldest one may lie in the same millisecond.
        let since = self.since.map(keys::millis).unwrap_or_default();
        let strand = |prefix| Strand { prefix, since, ahead: VecDeque::new(), ended: false };
        let condition =
            |prefixes: Vec<Bytes>| Condition(prefixes.into_iter().map(strand).collect());
        conditions.into_iter().map(condition).collect()
    }

    /// The place that every run of the list lies before.
    fn start(&self) -> Option<Vec<u8>> {
        let until = self.until.map(keys::millis)?;
        Some([&until[..], &[0xff; 17]].concat())
    }
}

/// Parts of an index that are read as one.
struct Condition(Vec<Strand>);

impl Condition {
    /// Moves to the newest place before a bound; `None` when there is none.
    async fn before(
        &mut self,
        log: &RunLog,
        bound: Option<&[u8]>,
    ) -> Result<Option<Place>, RunLogError> {
        let mut newest = None;
        for strand in &mut self.0 {
            newest = newest.max(strand.before(log, bound).await?);
        }
        Ok(newest)
    }
}

/// One part of an index, walked towards the past.
struct Strand {
    prefix: Bytes,
    since: [u8; 6],
    ahead: VecDeque<Place>,
    ended: bool,
}

impl Strand {
    /// Moves to the newest place before a bound; `None` when there is none.
    async fn before(
        &mut self,
        log: &RunLog,
        bound: Option<&[u8]>,
    ) -> Result<Option<Place>, RunLogError> {
        let beyond = |place: &Place| bound.is_some_and(|bound| place.as_bytes() >= bound);
        loop {
            while self.ahead.pop_front_if(|place| beyond(place)).is_some() {}
            if let Some(place) = self.ahead.front() {
                return Ok(Some(*place));
            }
            if self.ended {
                return Ok(None);
            }
            self.read(log, bound).await?;
        }
    }

    async fn read(&mut self, log: &RunLog, bound: Option<&[u8]>) -> Result<(), RunLogError> {
        let mut scan = Scan::prefix(self.prefix.clone()).limit(CHUNK).reversed();
        scan.from = [&self.prefix, &self.since[..]].concat().into();
        if let Some(bound) = bound {
            scan.to = Some([&self.prefix, bound].concat().into());
        }
        let found = log.store().scan(scan).await?;
        self.ended = found.len() < CHUNK;
        self.ahead = found.iter().filter_map(|(key, _)| Place::at_end_of(key)).collect();
        Ok(())
    }
}

/// Several indexes, walked together towards the past.
struct Walk {
    conditions: Vec<Condition>,
    /// Everything at or behind it was looked at.
    bound: Option<Vec<u8>>,
    looks: usize,
}

enum Step {
    /// The newest place ahead that lies in every index.
    Found(Place),
    /// There is none.
    End,
    /// Too much was looked at; whoever asks may go on from the bound.
    Tired,
}

impl Walk {
    async fn next(&mut self, log: &RunLog) -> Result<Step, RunLogError> {
        while self.looks < LOOKS_MAX {
            match self.agree(log).await? {
                None => return Ok(Step::End),
                Some(Ok(place)) => {
                    self.bound = Some(place.as_bytes().to_vec());
                    return Ok(Step::Found(place));
                }
                // Nothing newer than this lies in all of them.
                Some(Err(place)) => self.bound = Some(including(&place)),
            }
        }
        Ok(Step::Tired)
    }

    /// Asks each index for its next place: the same one for all, or the first that is older.
    async fn agree(&mut self, log: &RunLog) -> Result<Option<Result<Place, Place>>, RunLogError> {
        let mut bound = self.bound.clone();
        let mut agreed = None;
        for condition in &mut self.conditions {
            self.looks += 1;
            let Some(place) = condition.before(log, bound.as_deref()).await? else {
                return Ok(None);
            };
            if agreed.is_some_and(|agreed| agreed != place) {
                return Ok(Some(Err(place)));
            }
            agreed = Some(place);
            bound = Some(including(&place));
        }
        Ok(agreed.map(Ok))
    }
}

/// A bound that a place itself lies before.
fn including(place: &Place) -> Vec<u8> {
    [place.as_bytes(), &[0]].concat()
}

impl RunLog {
    /// Lists runs, newest first, up to [`LIST_MAX`] a page.
    ///
    /// A page may hold fewer than asked for although more follow: `next` tells.
    pub async fn list(
        &self,
        filter: &Filter,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page, RunLogError> {
        let limit = limit.clamp(1, LIST_MAX);
        let bound = cursor.map(|cursor| cursor.0.to_vec()).or_else(|| filter.start());
        let mut walk = Walk { conditions: filter.conditions(), bound, looks: 0 };
        let mut runs = Vec::new();
        loop {
            let before = walk.bound.clone();
            let place = match walk.next(self).await? {
                Step::End => return Ok(Page { runs, next: None }),
                Step::Tired => return Ok(Page { runs, next: walk.bound.map(into_cursor) }),
                Step::Found(_) if runs.len() == limit => {
                    return Ok(Page { runs, next: before.map(into_cursor) });
                }
                Step::Found(place) => place,
            };
            // It may have been forgotten, or have changed, since the indexes were read.
            let found = self.summary(place.run()).await?;
            runs.extend(found.filter(|summary| filter.allows(summary)));
        }
    }

    /// Lists runs that have not ended, in no order that means anything.
    ///
    /// One that changes its status meanwhile may be listed twice, or not at all.
    pub async fn live(
        &self,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<(Vec<RunId>, Option<Cursor>), RunLogError> {
        let limit = limit.clamp(1, LIST_MAX);
        let mut scan = Scan::range(keys::STATUS, keys::live_end()).limit(limit);
        if let Some(Cursor(last)) = cursor {
            scan = scan.after(&[keys::STATUS, last].concat());
        }
        let found = self.store().scan(scan).await?;
        let last = found.last().filter(|_| found.len() == limit);
        let next = last.map(|(key, _)| Cursor(key.slice(keys::STATUS.len()..)));
        let runs = found.iter().filter_map(|(key, _)| keys::run_at_end_of(key)).collect();
        Ok((runs, next))
    }
}

fn into_cursor(bound: Vec<u8>) -> Cursor {
    Cursor(bound.into())
}

#[cfg(test)]
mod tests;
