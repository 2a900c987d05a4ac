//! A connector, ready to be called.

use std::sync::Arc;

use http::HeaderMap;
use tower::ServiceExt as _;

use crate::answer::{TooDeep, answer};
use crate::call::{Answer, Attempt, Call};
use crate::connector::{Auth, Connector};
use crate::failure::{Failure, FailureKind};
use crate::judge::Verdict;
use crate::prepare;
use crate::redact::Redactor;
use crate::secret::Secret;
use crate::stack::{self, Order, Outgoing, Protection, Received, Stack, Trouble};
use crate::surroundings::Surroundings;
use crate::transport::{Transport, WireError};

/// One connector with its layers; shared by all runs.
pub struct Client {
    connector: Connector,
    defaults: HeaderMap,
    redactor: Redactor,
    stack: Stack,
    protection: Arc<Protection>,
    transport: Arc<dyn Transport>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("connector", &self.connector.name).finish_non_exhaustive()
    }
}

impl Client {
    /// Makes a client; what its predecessor learnt about the service is kept where it still holds.
    pub(crate) fn new(
        connector: Connector,
        surroundings: &Arc<Surroundings>,
        before: Option<&Self>,
    ) -> Self {
        let same_place = before.filter(|it| it.connector.base_url == connector.base_url);
        let protection = same_place
            .filter(|it| it.connector.rate_limit == connector.rate_limit)
            .map(|it| Arc::clone(&it.protection))
            .unwrap_or_else(|| Arc::new(Protection::new(connector.rate_limit)));
        let transport = same_place
            .filter(|it| it.connector.timeout == connector.timeout)
            .map(|it| Arc::clone(&it.transport))
            .unwrap_or_else(|| surroundings.dial(&connector));
        let stack = stack::build(&connector, &protection, surroundings, Arc::clone(&transport));
        Self {
            defaults: prepare::defaults(&connector),
            redactor: Redactor::new(&secrets(&connector)),
            stack,
            protection,
            transport,
            connector,
        }
    }

    /// The connector this is a client of.
    #[must_use]
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// Sends a request, with as many attempts as it takes and may take.
    ///
    /// Waits in memory for 20 seconds at most at a time. What must wait longer comes back as
    /// [`FailureKind::Pause`], with the attempts made so far, for the caller to keep.
    ///
    /// # Errors
    /// When there is no answer with an expected status. [`FailureKind::InDoubt`] says that a
    /// write may have happened.
    pub async fn send(&self, call: Call) -> Result<Answer, Failure> {
        if !self.connector.enabled {
            return Err(disabled(&self.connector.name));
        }
        self.send_even_if_disabled(call).await
    }

    pub(crate) async fn send_even_if_disabled(&self, call: Call) -> Result<Answer, Failure> {
        let order = prepare::order(&self.connector, &self.defaults, call).map_err(|why| {
            let why = self.redactor.text(&why.to_string());
            Failure::unsent(
                FailureKind::Refused,
                self.sentence(&format!("request is refused: {why}")),
            )
        })?;
        let outgoing = Outgoing { order: Arc::clone(&order), number: 1, traceparent: None };
        let result = self.stack.clone().oneshot(outgoing).await;
        let attempts = order.journey.take();
        match result {
            Ok(received) if order.accepts(&received) => {
                match answer(&received.reply, &self.redactor, Vec::new()) {
                    Ok(answer) => Ok(Answer { attempts, ..answer }),
                    Err(too_deep) => Err(self.unreadable(&order, &received, too_deep, attempts)),
                }
            }
            other => Err(self.failure(&order, other, attempts)),
        }
    }

    /// The headers sent with every request.
    pub(crate) fn defaults(&self) -> &HeaderMap {
        &self.defaults
    }

    /// The status is as hoped for, but not even a write's answer can be had by asking again.
    fn unreadable(
        &self,
        order: &Order,
        received: &Received,
        why: TooDeep,
        attempts: Vec<Attempt>,
    ) -> Failure {
        let read = order.method.is_read();
        Failure {
            kind: if read { FailureKind::Refused } else { FailureKind::InDoubt },
            message: self.sentence(&why.to_string()),
            status: Some(received.reply.status.as_u16()),
            answer: None,
            attempts,
            in_doubt: !read,
        }
    }

    fn failure(
        &self,
        order: &Order,
        result: Result<Received, Trouble>,
        attempts: Vec<Attempt>,
    ) -> Failure {
        order.learn(&result);
        let kind = kind(order, &result);
        let (what, received) = match result {
            Ok(received) => (replied(&received), Some(received)),
            Err(Trouble::Paused { last, .. }) => match *last {
                Ok(received) => (replied(&received), Some(received)),
                Err(trouble) => (trouble.to_string(), None),
            },
            Err(trouble) => (trouble.to_string(), None),
        };
        let times = match attempts.last() {
            Some(last) if last.number > 1 => format!(" after {} attempts", last.number),
            _ => String::new(),
        };
        let more = match kind {
            FailureKind::InDoubt => {
                format!("{times}; whether {} was carried out is not known", order.method.as_str())
            }
            FailureKind::Pause { after } => {
                format!("; the next attempt is due in {}", spoken(after))
            }
            FailureKind::Auth => {
                format!("; its {} credential is not accepted", self.connector.auth.word())
            }
            _ => times,
        };
        Failure {
            kind,
            message: self.sentence(&format!("{what}{more}")),
            status: received.as_ref().map(|received| received.reply.status.as_u16()),
            answer: received
                .and_then(|received| answer(&received.reply, &self.redactor, Vec::new()).ok())
                .map(Box::new),
            attempts,
            in_doubt: order.journey.in_doubt(),
        }
    }

    fn sentence(&self, what: &str) -> String {
        self.redactor.text(&format!("connector \"{}\": {what}", self.connector.name))
    }
}

pub(crate) fn disabled(name: &str) -> Failure {
    Failure::unsent(FailureKind::Disabled, format!("connector \"{name}\" is disabled"))
}

/// What the end of a call is: a write that may have happened has not failed.
fn kind(order: &Order, result: &Result<Received, Trouble>) -> FailureKind {
    match (result, order.verdict(result)) {
        (Err(Trouble::Held { after, .. } | Trouble::Paused { after, .. }), _) => {
            FailureKind::Pause { after: *after }
        }
        _ if order.journey.in_doubt() => FailureKind::InDoubt,
        (_, Some(Verdict::Unauthorized)) => FailureKind::Auth,
        (Ok(received), _) => FailureKind::Http(received.reply.status.as_u16()),
        (Err(Trouble::Wire(error)), _) => match error {
            WireError::NeverSent(_) | WireError::Certificate(_) => FailureKind::Connect,
            WireError::Interrupted(_) | WireError::TimedOut => FailureKind::Timeout,
            WireError::Blocked(_) | WireError::Malformed(_) | WireError::TooLarge => {
                FailureKind::Refused
            }
        },
        (Err(Trouble::Refused(_) | Trouble::Lost(_)), _) => FailureKind::Refused,
        (Err(Trouble::Overdue), _) => FailureKind::Timeout,
    }
}

fn replied(received: &Received) -> String {
    format!("replied {}", received.reply.status)
}

/// Whole seconds, which is all anybody wants to read.
fn spoken(span: std::time::Duration) -> String {
    match span.as_secs_f64().ceil() as u64 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// All secrets of a connector, alone and in the pairs they are sent in.
fn secrets(connector: &Connector) -> Vec<Secret> {
    let mut secrets = match &connector.auth {
        Auth::None => Vec::new(),
        Auth::Basic { username, password } => {
            let name = &username.value;
            let pair = Secret::new(format!("{}:{}", name.expose(), password.expose()));
            let mut secrets = vec![password.clone(), pair];
            secrets.extend(username.sensitive.then(|| name.clone()));
            secrets
        }
        Auth::Bearer { token: value } | Auth::Header { value, .. } | Auth::Query { value, .. } => {
            vec![value.clone()]
        }
    };
    let headers = connector.headers.iter().map(|(_, text)| text);
    secrets.extend(headers.filter(|text| text.sensitive).map(|text| text.value.clone()));
    secrets
}

#[cfg(test)]
mod tests;
