//! The text of every workflow version that a run was started with.

use tenure_store::{Batch, CommitError};

use crate::{RunLog, RunLogError, keys};

impl RunLog {
    /// Keeps the text of a version; one that is kept already stays as it is.
    ///
    /// A run finishes on the version it started with, whatever the files say by then.
    pub async fn keep_workflow(&self, hash: &str, text: &str) -> Result<(), RunLogError> {
        let key = keys::workflow(hash);
        if self.store().get(&key).await?.is_some() {
            return Ok(());
        }
        let batch = Batch::new().absent(key.clone()).put(key, text.to_owned());
        match self.store().commit(batch).await {
            Ok(()) | Err(CommitError::Conflict { .. }) => Ok(()),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// Reads the text of a version.
    pub async fn workflow(&self, hash: &str) -> Result<Option<String>, RunLogError> {
        let Some(bytes) = self.store().get(&keys::workflow(hash)).await? else { return Ok(None) };
        let text = String::from_utf8(bytes.to_vec());
        let what = || format!("workflow version {hash}");
        text.map(Some).map_err(|_| RunLogError::wrong(what(), "text is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use crate::world::World;

    #[tokio::test]
    async fn the_first_text_of_a_version_stays() {
        let world = World::new().await;
        assert_eq!(world.workflow("v1").await.unwrap(), None);
        let long = "steps:\n".repeat(2000);
        world.keep_workflow("v1", &long).await.unwrap();
        world.keep_workflow("v1", "another").await.unwrap();
        assert_eq!(world.workflow("v1").await.unwrap(), Some(long));
    }
}
