//! Idempotency keys: the same for one write, whatever happens to the program.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use tenure_run::{RunId, StepPath};

/// The key of one write of one run: stable over attempts and restarts.
///
/// Loop items are part of the path, so each item has a key of its own.
pub(crate) fn idempotency_key(run: RunId, step: &StepPath) -> String {
    let mut hash = Sha256::new();
    hash.update(b"tenure idempotency key 1\n");
    hash.update(run.as_bytes());
    hash.update(step.to_string().as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..24])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_belongs_to_one_step_of_one_run() {
        let (run, other) = (RunId::new(), RunId::new());
        let step: StepPath = "teams[3]/join".parse().unwrap();
        let key = idempotency_key(run, &step);
        assert_eq!(key, idempotency_key(run, &step));
        assert_eq!(key.len(), 32);
        assert_ne!(key, idempotency_key(other, &step));
        assert_ne!(key, idempotency_key(run, &"teams[4]/join".parse().unwrap()));
    }
}
