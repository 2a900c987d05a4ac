//! The worlds themselves are what they promise to be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use tenure_store::{Batch, CommitError, MemoryStore, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::{
    CrashMoment, CrashingStore, Reply, ScriptedService, TempProject, pass_time, wait_until,
};

async fn crash_at_second(moment: CrashMoment) -> Vec<&'static str> {
    let memory = Arc::new(MemoryStore::new());
    let store = CrashingStore::new(Arc::clone(&memory)).crashing_at(2, moment);
    store.commit(Batch::new().put("a", "1")).await.unwrap();
    for key in ["b", "c"] {
        let error = store.commit(Batch::new().put(key, "1")).await.unwrap_err();
        assert!(matches!(error, CommitError::Store(_)));
    }
    assert!(store.crashed());
    assert!(store.get(b"a").await.is_err(), "a dead process reads nothing");
    assert_eq!(store.commits(), 2);
    let reborn = CrashingStore::new(store.survivor());
    let mut found = Vec::new();
    for key in ["a", "b", "c"] {
        if reborn.get(key.as_bytes()).await.unwrap().is_some() {
            found.push(key);
        }
    }
    found
}

#[tokio::test]
async fn a_crash_before_a_commit_loses_it() {
    assert_eq!(crash_at_second(CrashMoment::Before).await, ["a"]);
}

#[tokio::test]
async fn a_crash_after_a_commit_keeps_it() {
    assert_eq!(crash_at_second(CrashMoment::After).await, ["a", "b"]);
}

#[tokio::test]
async fn a_dead_process_closes_nothing() {
    let memory = Arc::new(MemoryStore::new());
    let store = CrashingStore::new(Arc::clone(&memory));
    store.crash();
    store.close().await;
    assert!(memory.get(b"a").await.is_ok());
}

async fn ask(service: &ScriptedService, request: &str) -> String {
    let mut stream = TcpStream::connect(service.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_script_is_followed_and_what_arrived_is_kept() {
    let service = ScriptedService::start().await.unwrap();
    service
        .then(Reply::status(503).header("retry-after", "1"))
        .otherwise(Reply::json(201, &json!({ "id": 7 })));
    let request = "POST /users?x=1 HTTP/1.1\r\nhost: h\r\nconnection: close\r\nidempotency-key: k\r\n\
                   content-length: 8\r\n\r\n{\"a\": 1}";
    let first = ask(&service, request).await;
    assert!(first.starts_with("HTTP/1.1 503") && first.contains("retry-after: 1"), "{first}");
    let second = ask(&service, request).await;
    assert!(second.starts_with("HTTP/1.1 201") && second.ends_with("{\"id\":7}"), "{second}");
    let received = service.wait_for(2).await;
    assert_eq!(received[0].path, "/users?x=1");
    assert_eq!(received[1].header("Idempotency-Key"), Some("k"));
    assert_eq!(received[1].json(), json!({ "a": 1 }));
}

#[test]
fn a_project_has_its_files() {
    let project = TempProject::new().unwrap().connector("chat", "name: chat\n").unwrap();
    let read = std::fs::read_to_string(project.path("connectors/chat.yaml")).unwrap();
    assert_eq!(read, "name: chat\n");
    let root = project.root().to_owned();
    assert!(root.join("tenure.yaml").is_file());
    drop(project);
    assert!(!root.exists());
}

#[tokio::test(start_paused = true)]
async fn time_moves_when_told_and_what_is_due_happens() {
    let start = Instant::now();
    let sleeper = tokio::spawn(tokio::time::sleep(Duration::from_secs(3600)));
    pass_time(Duration::from_secs(3599)).await;
    assert!(!sleeper.is_finished());
    pass_time(Duration::from_secs(1)).await;
    assert!(sleeper.is_finished());
    assert_eq!(start.elapsed().as_secs(), 3600);
    let looks = AtomicU32::new(0);
    let look = async || (looks.fetch_add(1, Ordering::Relaxed) == 3).then_some("there");
    assert_eq!(wait_until(Duration::from_secs(1), look).await, Some("there"));
    let never = async || None::<()>;
    assert_eq!(wait_until(Duration::from_secs(1), never).await, None);
}
