//! Whether a failed attempt may be repeated, and what it leaves open.
//!
//! One table, after RFC 9110 §9.2.2: what certainly did nothing, or does the same when done
//! twice, is repeated. A write that may have happened is not, unless somebody vouched for it.
//! Whoever vouches for repeating it does not know either what became of it: when the
//! attempts are used up, a write that may have happened is in doubt.

use tenure_language::Method;

/// How one attempt ended, as far as repeating it is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The service answered with a status that is not expected.
    Status {
        code: u16,
        /// It said when to come back, or that the quota is used up.
        asked_to_wait: bool,
    },
    /// The request never left: name, connection, handshake, refused stream.
    NeverSent,
    /// No answer after the request may have left: timeout, reset.
    Interrupted,
    /// The service did what was asked, or may have, but its answer cannot be had.
    Unreadable,
    /// The other side could not prove who it is.
    Certificate,
    /// A rule of ours: egress, base URL, size.
    Refused,
}

/// Who vouches for doing a write twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// Nobody.
    Unsafe,
    /// The service honours the idempotency key that is sent.
    Keyed,
    /// The author of the step accepts it.
    Accepted,
}

/// What follows from an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Repeat it, if attempts are left.
    Repeat,
    /// The write may have happened: neither repeat it nor call it failed.
    InDoubt,
    /// The credentials are not accepted.
    Unauthorized,
    /// It failed.
    Fail,
}

/// Decides what an outcome means for a request.
pub(crate) fn judge(method: Method, outcome: Outcome, repeats: Repeats) -> Verdict {
    let keyed = repeats == Repeats::Keyed && !method.is_read();
    match outcome {
        Outcome::NeverSent => Verdict::Repeat,
        Outcome::Certificate | Outcome::Refused => Verdict::Fail,
        Outcome::Interrupted => if_repeatable(method, repeats),
        // Once more, the answer would be the same.
        Outcome::Unreadable if method.is_read() => Verdict::Fail,
        Outcome::Unreadable => Verdict::InDoubt,
        Outcome::Status { code, asked_to_wait } => match code {
            429 | 425 => Verdict::Repeat,
            503 | 403 if asked_to_wait => Verdict::Repeat,
            408 | 500 | 502 | 503 | 504 => if_repeatable(method, repeats),
            401 => Verdict::Unauthorized,
            // The first request with this key is still being worked on.
            409 if keyed => Verdict::Repeat,
            _ => Verdict::Fail,
        },
    }
}

/// What an attempt that did not succeed tells about the write it carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trace {
    /// It may have happened.
    Doubt,
    /// This attempt did nothing; what became of earlier ones is as open as before.
    Nothing,
    /// The service said what became of it.
    Settled,
}

/// Decides what an outcome tells about a write; a read is never in doubt.
pub(crate) fn trace(method: Method, outcome: Outcome, repeats: Repeats) -> Trace {
    if method.is_read() {
        return Trace::Settled;
    }
    let keyed = repeats == Repeats::Keyed;
    match outcome {
        Outcome::Interrupted | Outcome::Unreadable => Trace::Doubt,
        Outcome::NeverSent | Outcome::Certificate | Outcome::Refused => Trace::Nothing,
        Outcome::Status { code, asked_to_wait } => match code {
            401 | 425 | 429 => Trace::Nothing,
            403 | 503 if asked_to_wait => Trace::Nothing,
            409 if keyed => Trace::Nothing,
            501 | 505 => Trace::Nothing,
            // It failed, says the service; doing it halfway is what these methods allow.
            408 | 500..=599 if method.is_idempotent() => Trace::Nothing,
            408 | 500..=599 => Trace::Doubt,
            // Refused now says nothing of an earlier attempt, if each counts for itself.
            400..=499 if !method.is_idempotent() && !keyed => Trace::Nothing,
            _ => Trace::Settled,
        },
    }
}

fn if_repeatable(method: Method, repeats: Repeats) -> Verdict {
    if method.is_idempotent() || repeats != Repeats::Unsafe {
        Verdict::Repeat
    } else {
        Verdict::InDoubt
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Fail, InDoubt, Repeat, Unauthorized};

    const SAFE_TWICE: [Method; 5] =
        [Method::Get, Method::Head, Method::Options, Method::Put, Method::Delete];
    const WRITES: [Method; 2] = [Method::Post, Method::Patch];

    /// One row: the verdict for methods safe to do twice, for writes nobody vouches for,
    /// and for writes that are keyed or accepted.
    fn check(
        outcome: Outcome,
        safe: Verdict,
        unsafe_write: Verdict,
        keyed: Verdict,
        accepted: Verdict,
    ) {
        for method in SAFE_TWICE {
            for repeats in [Repeats::Unsafe, Repeats::Accepted] {
                assert_eq!(
                    judge(method, outcome, repeats),
                    safe,
                    "{method:?} {outcome:?} {repeats:?}"
                );
            }
        }
        for method in WRITES {
            assert_eq!(
                judge(method, outcome, Repeats::Unsafe),
                unsafe_write,
                "{method:?} {outcome:?}"
            );
            assert_eq!(
                judge(method, outcome, Repeats::Keyed),
                keyed,
                "{method:?} {outcome:?} keyed"
            );
            assert_eq!(
                judge(method, outcome, Repeats::Accepted),
                accepted,
                "{method:?} {outcome:?} accepted"
            );
        }
    }

    fn status(code: u16) -> Outcome {
        Outcome::Status { code, asked_to_wait: false }
    }

    fn asked(code: u16) -> Outcome {
        Outcome::Status { code, asked_to_wait: true }
    }

    #[test]
    fn never_sent_is_repeated() {
        check(Outcome::NeverSent, Repeat, Repeat, Repeat, Repeat);
    }

    #[test]
    fn refused_for_now_is_repeated() {
        for outcome in [status(429), asked(429), asked(503), asked(403), status(425), asked(425)] {
            check(outcome, Repeat, Repeat, Repeat, Repeat);
        }
    }

    #[test]
    fn an_unknown_outcome_depends_on_who_vouches() {
        for code in [408, 500, 502, 503, 504] {
            check(status(code), Repeat, InDoubt, Repeat, Repeat);
        }
        for code in [408, 500, 502, 504] {
            check(asked(code), Repeat, InDoubt, Repeat, Repeat);
        }
        check(Outcome::Interrupted, Repeat, InDoubt, Repeat, Repeat);
    }

    #[test]
    fn wrong_credentials_are_not_repeated() {
        check(status(401), Unauthorized, Unauthorized, Unauthorized, Unauthorized);
    }

    #[test]
    fn a_conflict_is_repeated_for_a_keyed_write_only() {
        check(status(409), Fail, Fail, Repeat, Fail);
        check(status(412), Fail, Fail, Fail, Fail);
        check(status(422), Fail, Fail, Fail, Fail);
        for method in SAFE_TWICE {
            let expect = if method.is_read() { Fail } else { Repeat };
            assert_eq!(judge(method, status(409), Repeats::Keyed), expect, "{method:?}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_had_leaves_a_write_in_doubt() {
        for method in [Method::Get, Method::Put, Method::Delete, Method::Post, Method::Patch] {
            for repeats in [Repeats::Unsafe, Repeats::Keyed, Repeats::Accepted] {
                let expect = if method.is_read() { Fail } else { InDoubt };
                assert_eq!(judge(method, Outcome::Unreadable, repeats), expect, "{method:?}");
            }
        }
    }

    /// One row: what is told of a PUT or DELETE, and of a POST or PATCH that nobody vouches
    /// for, that is keyed, or that is accepted.
    fn check_trace(outcome: Outcome, idempotent: Trace, writes: [Trace; 3]) {
        let kinds = [Repeats::Unsafe, Repeats::Keyed, Repeats::Accepted];
        for (repeats, expect) in kinds.into_iter().zip(writes) {
            for method in [Method::Put, Method::Delete] {
                if repeats != Repeats::Keyed {
                    assert_eq!(
                        trace(method, outcome, repeats),
                        idempotent,
                        "{method:?} {outcome:?}"
                    );
                }
            }
            for method in WRITES {
                let told = trace(method, outcome, repeats);
                assert_eq!(told, expect, "{method:?} {outcome:?} {repeats:?}");
                if judge(method, outcome, repeats) == InDoubt {
                    assert_eq!(told, Trace::Doubt, "{method:?} {outcome:?} {repeats:?}");
                }
            }
            for method in [Method::Get, Method::Head, Method::Options] {
                assert_eq!(trace(method, outcome, repeats), Trace::Settled, "{outcome:?}");
            }
        }
    }

    #[test]
    fn what_becomes_of_a_write_is_told_or_left_open() {
        use Trace::{Doubt, Nothing, Settled};
        check_trace(Outcome::Interrupted, Doubt, [Doubt; 3]);
        check_trace(Outcome::Unreadable, Doubt, [Doubt; 3]);
        for code in [408, 500, 502, 503, 504, 520, 524] {
            check_trace(status(code), Nothing, [Doubt; 3]);
        }
        for outcome in [Outcome::NeverSent, Outcome::Certificate, Outcome::Refused] {
            check_trace(outcome, Nothing, [Nothing; 3]);
        }
        for outcome in [status(401), status(425), status(429), asked(503), asked(403), status(501)]
        {
            check_trace(outcome, Nothing, [Nothing; 3]);
        }
        for code in [400, 403, 404, 412, 422] {
            check_trace(status(code), Settled, [Nothing, Settled, Nothing]);
        }
        check_trace(status(409), Settled, [Nothing; 3]);
        assert_eq!(trace(Method::Put, status(409), Repeats::Keyed), Nothing);
        for code in [200, 302] {
            check_trace(status(code), Settled, [Settled; 3]);
        }
    }

    #[test]
    fn everything_else_fails() {
        for code in [302, 400, 402, 403, 404, 405, 410, 413, 415, 451, 501, 505] {
            check(status(code), Fail, Fail, Fail, Fail);
        }
        check(Outcome::Certificate, Fail, Fail, Fail, Fail);
        check(Outcome::Refused, Fail, Fail, Fail, Fail);
    }
}
