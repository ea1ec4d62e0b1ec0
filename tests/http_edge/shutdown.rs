//! The end of a server: in order where it can be, in time where it cannot.

use std::time::{Duration, Instant};

use homerealm::http::server::Limits;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::running::{get, limits, read_some, read_to_close, start, status};

#[tokio::test]
async fn what_is_in_flight_is_finished_and_nothing_more_accepted() {
    // Nothing but the shutdown may end a connection here.
    let server = start(Limits {
        header_read_timeout: Duration::from_secs(30),
        idle_timeout: Duration::from_secs(30),
        ..limits()
    })
    .await;
    let mut silent = server.connect().await;
    let mut idle = server.connect().await;
    idle.write_all(get("/").as_bytes()).await.unwrap();
    assert_eq!(status(&read_some(&mut idle).await), 200);
    let mut busy = server.connect().await;
    busy.write_all(get("/slow").as_bytes()).await.unwrap();
    sleep(Duration::from_millis(50)).await;

    server.shutdown.cancel();
    sleep(Duration::from_millis(50)).await;
    assert!(TcpStream::connect(server.address).await.is_err());
    assert_eq!(read_to_close(&mut silent).await, "");
    assert_eq!(read_to_close(&mut idle).await, "");
    let answer = read_to_close(&mut busy).await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    timeout(Duration::from_secs(1), server.task)
        .await
        .expect("the server goes on after its last connection")
        .unwrap();
}

#[tokio::test]
async fn what_does_not_finish_is_cut_off() {
    let server = start(Limits {
        handler_timeout: Duration::from_secs(60),
        ..limits()
    })
    .await;
    let mut stuck = server.connect().await;
    stuck.write_all(get("/stuck").as_bytes()).await.unwrap();
    sleep(Duration::from_millis(50)).await;
    server.shutdown.cancel();
    let begun = Instant::now();
    timeout(Duration::from_secs(2), server.task)
        .await
        .expect("the server waits beyond its drain time")
        .unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(690));
    assert_eq!(read_to_close(&mut stuck).await, "");
}
