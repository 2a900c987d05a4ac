//! Server-sent events, followed over broken connections.

use std::collections::VecDeque;
use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{Response, StatusCode};
use tenure_api::{EventKind, RunEvent};

use super::Client;
use crate::error::CommandError;

/// Longest line of a stream, in bytes.
const LINE_MAX: usize = 4 * 1024 * 1024;
/// How often a broken connection is made again without having brought anything.
const RETRIES_MAX: u32 = 20;
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// What happens to one run, until it has ended.
#[derive(Debug)]
pub(crate) struct Following {
    client: Client,
    run: String,
    response: Option<Response>,
    reader: Reader,
    ready: VecDeque<RunEvent>,
    last_seen: Option<u64>,
    failures: u32,
    ended: bool,
}

impl Following {
    pub(super) fn new(client: Client, run: &str) -> Self {
        Self {
            client,
            run: run.to_owned(),
            response: None,
            reader: Reader::default(),
            ready: VecDeque::new(),
            last_seen: None,
            failures: 0,
            ended: false,
        }
    }

    /// The next fact; none after the run's end.
    pub(crate) async fn next(&mut self) -> Result<Option<RunEvent>, CommandError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.last_seen = Some(event.seq);
                self.ended |= event.kind == EventKind::RunEnded;
                return Ok(Some(event));
            }
            if self.ended {
                return Ok(None);
            }
            let Some(response) = &mut self.response else {
                self.connect().await?;
                continue;
            };
            match response.chunk().await {
                Ok(Some(part)) => {
                    self.failures = 0;
                    self.ready.extend(self.reader.read(&part)?);
                }
                // The daemon ended or the connection broke; what was seen need not come again.
                Ok(None) | Err(_) => self.pause().await?,
            }
        }
    }

    async fn connect(&mut self) -> Result<(), CommandError> {
        let url = self.client.api(&["runs", &self.run, "events"]);
        let mut request = self.client.http.get(url).header(ACCEPT, "text/event-stream");
        if let Some(seq) = self.last_seen {
            request = request.header("last-event-id", seq.to_string());
        }
        match request.send().await {
            Ok(response) if response.status() == StatusCode::NO_CONTENT => self.ended = true,
            Ok(response) if response.status().is_success() => self.response = Some(response),
            Ok(response) => {
                let status = response.status();
                let text = self.client.text(response).await?;
                return Err(super::refused(status, &text));
            }
            Err(_) if self.failures < RETRIES_MAX => self.pause().await?,
            Err(error) => return Err(self.client.unreachable(error)),
        }
        Ok(())
    }

    async fn pause(&mut self) -> Result<(), CommandError> {
        self.response = None;
        self.reader = Reader::default();
        self.failures += 1;
        if self.failures > RETRIES_MAX {
            let message = format!("the daemon at {} no longer answers", self.client.address);
            return Err(CommandError::failed(message).hint(
                "the run goes on when the daemon does; `tenure runs watch` follows it again",
            ));
        }
        tokio::time::sleep(RETRY_PAUSE).await;
        Ok(())
    }
}

/// Puts the parts of a stream together to events.
#[derive(Debug, Default)]
struct Reader {
    line: Vec<u8>,
    data: String,
}

impl Reader {
    fn read(&mut self, part: &[u8]) -> Result<Vec<RunEvent>, CommandError> {
        let mut events = Vec::new();
        for byte in part {
            if *byte != b'\n' {
                if self.line.len() >= LINE_MAX {
                    return Err(CommandError::failed("the daemon sent a line without an end"));
                }
                self.line.push(*byte);
                continue;
            }
            let line = std::mem::take(&mut self.line);
            events.extend(self.take(line.strip_suffix(b"\r").unwrap_or(&line))?);
        }
        Ok(events)
    }

    /// Takes one line; a blank one ends an event.
    fn take(&mut self, line: &[u8]) -> Result<Option<RunEvent>, CommandError> {
        if let Some(data) = line.strip_prefix(b"data:") {
            let data = data.strip_prefix(b" ").unwrap_or(data);
            self.data.push_str(&String::from_utf8_lossy(data));
            return Ok(None);
        }
        if !line.is_empty() || self.data.is_empty() {
            return Ok(None);
        }
        let data = std::mem::take(&mut self.data);
        serde_json::from_str(&data).map(Some).map_err(|error| {
            CommandError::failed("the daemon sent an event that cannot be read")
                .caused_by(&error)
                .hint("is the daemon of another version than this program?")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACT: &str = r#"{"run":"r","seq":3,"at":"2026-11-23T08:00:00Z","kind":"step_ended"}"#;

    #[test]
    fn events_come_in_any_parts() {
        let text = format!(
            "retry: 1000\n\n: still here\n\nid: 3\ndata: {FACT}\n\nid: 4\r\ndata:{FACT}\r\n\r\n"
        );
        for size in [1, 7, 64, text.len()] {
            let mut reader = Reader::default();
            let events: Vec<_> = text
                .as_bytes()
                .chunks(size)
                .flat_map(|part| reader.read(part).unwrap())
                .map(|event| event.seq)
                .collect();
            assert_eq!(events, [3, 3], "in parts of {size}");
        }
    }

    #[test]
    fn an_event_that_is_no_fact_is_an_error() {
        assert!(Reader::default().read(b"data: nonsense\n\n").is_err());
    }
}
