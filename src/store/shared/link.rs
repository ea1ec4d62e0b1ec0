use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::{Notify, oneshot},
    time::{Instant, sleep, sleep_until, timeout_at},
};

use super::{
    Health, Servers,
    connection::Connection,
    resp::{self, Reply},
};

/// How many operations may be under way. Whoever comes when there are as many gets an error at once.
const MOST_UNDER_WAY: usize = 8_192;
/// The first wait before the next try to connect, and the longest.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The one connection that all operations share: whatever is asked meanwhile goes out in one write, and
/// answers come in the order of the questions.
///
/// An answer that is late is a server that does not answer: the connection is given up, with all that
/// is under way, and until there is another one each operation fails at once instead of waiting.
pub(super) struct Link {
    queue: Mutex<Queue>,
    wake: Notify,
    deadline: Duration,
    pub(super) health: Arc<Health>,
}

#[derive(Default)]
struct Queue {
    is_open: bool,
    /// What has not been sent.
    outgoing: BytesMut,
    /// Who waits for an answer, the first one first.
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    until: Instant,
    answer: oneshot::Sender<Reply>,
}

impl Link {
    pub(super) fn new(deadline: Duration, health: Arc<Health>) -> Self {
        Self {
            queue: Mutex::default(),
            wake: Notify::new(),
            deadline,
            health,
        }
    }

    /// Asks, and waits for the answer; `None` where there is none.
    pub(super) async fn ask(&self, command: &[&[u8]]) -> Option<Reply> {
        let answer = self.send(command);
        let answer = match answer {
            Some(answer) => answer.await.ok(),
            None => None,
        };
        if answer.is_none() {
            self.health.unanswered();
        }
        answer
    }

    fn send(&self, command: &[&[u8]]) -> Option<oneshot::Receiver<Reply>> {
        let (answer, receiver) = oneshot::channel();
        let mut queue = self.queue();
        if !queue.is_open || queue.waiting.len() >= MOST_UNDER_WAY {
            return None;
        }
        resp::write(command, &mut queue.outgoing);
        queue.waiting.push_back(Waiting {
            until: Instant::now() + self.deadline,
            answer,
        });
        drop(queue);
        self.wake.notify_one();
        Some(receiver)
    }

    /// Keeps a connection, for as long as this is polled.
    pub(super) async fn keep(&self, servers: &Servers) {
        let mut wait = SHORTEST_WAIT;
        loop {
            match servers.connect().await {
                Ok((connection, address)) => {
                    wait = SHORTEST_WAIT;
                    self.queue().is_open = true;
                    self.health.rise(address);
                    let cause = self.serve(connection).await;
                    // Dropping those who wait tells them.
                    *self.queue() = Queue::default();
                    self.health.fall(&format!("{address}: {cause}"));
                }
                Err(cause) => self.health.fall(&cause),
            }
            sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Serves operations until the connection is of no more use, and says why.
    async fn serve(&self, connection: Connection) -> String {
        let (mut reader, mut writer) = tokio::io::split(connection.stream);
        let mut incoming = BytesMut::new();
        let mut sending = BytesMut::new();
        loop {
            let until = {
                let mut queue = self.queue();
                // The two change places, so that neither is allocated anew.
                std::mem::swap(&mut sending, &mut queue.outgoing);
                queue.waiting.front().map(|first| first.until)
            };
            // Where nobody waits, there is nothing to send.
            let until_or_never = until.unwrap_or_else(Instant::now);
            if !sending.is_empty() {
                let sent = async {
                    writer.write_all(&sending).await?;
                    writer.flush().await
                };
                match timeout_at(until_or_never, sent).await {
                    Ok(Ok(())) => sending.clear(),
                    Ok(Err(error)) => return error.to_string(),
                    Err(_) => return self.late(),
                }
            }
            tokio::select! {
                () = self.wake.notified() => {}
                read = reader.read_buf(&mut incoming) => match read {
                    Ok(0) => return "the server closed the connection".to_owned(),
                    Ok(_) => if let Err(cause) = self.answer(&mut incoming) {
                        return cause;
                    },
                    Err(error) => return error.to_string(),
                },
                () = sleep_until(until_or_never), if until.is_some() => return self.late(),
            }
        }
    }

    /// Gives out the answers that have come.
    fn answer(&self, incoming: &mut BytesMut) -> Result<(), String> {
        let mut queue = self.queue();
        loop {
            match resp::read(incoming) {
                Ok(None) => return Ok(()),
                // It became a replica of another server, which will be found.
                Ok(Some(Reply::Error(error))) if error.starts_with("READONLY") => {
                    return Err(error);
                }
                Ok(Some(reply)) => {
                    let first = queue.waiting.pop_front();
                    let first = first.ok_or("an answer that nobody has asked for")?;
                    // Who asked may have gone.
                    let _ = first.answer.send(reply);
                }
                Err(malformed) => return Err(malformed.to_string()),
            }
        }
    }

    fn late(&self) -> String {
        format!("no answer within {} ms", self.deadline.as_millis())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
