//! The one trail of this process.

use std::{
    io::{self, Write as _},
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::observe::Metrics;

use super::{
    chain::{Head, Tip},
    copies::{Copies, Copy},
    file::{Resumed, TrailFile},
    line::{Line, Timestamp},
    settings::{NodeName, Settings, Sync, WhenUnwritable},
};

/// A line could not be written, and the configuration wants none to be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit line cannot be written, and [audit] wants nothing issued without one")]
pub struct NotRecorded;

/// How the trail fares.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The last line.
    pub head: Head,
    /// Lines that could not be written since the start.
    pub lost: u64,
    /// Copies that reached neither the journal nor the syslog server.
    pub lost_copies: u64,
}

static TRAIL: OnceLock<Trail> = OnceLock::new();

/// From here on, lines are written. Before, there is nobody to read them. The first says that the
/// trail has begun, and continues the chain that the file holds.
///
/// # Errors
/// When the file cannot be opened, or holds something else.
pub fn start(settings: &Settings) -> io::Result<()> {
    let trail = Trail::open(settings)?;
    let _ = TRAIL.set(trail);
    Ok(())
}

/// Lines go to stderr, if nothing else was said.
pub(in crate::observe) fn start_on_stderr() {
    if TRAIL.get().is_none() {
        // stderr is open already.
        let _ = start(&Settings::default());
    }
}

/// The file was moved away: the chain goes on in a new one at its place. Nothing changes while the
/// same file is there, or where none can be opened.
pub fn reopen() {
    if let Some(trail) = TRAIL.get() {
        trail.reopen();
    }
}

/// Waits, for a moment only, until the copies are sent.
pub fn stop() {
    if let Some(trail) = TRAIL.get() {
        trail.copies.flush();
    }
}

/// How the trail fares; `None` before [`start`].
pub fn figures() -> Option<Figures> {
    TRAIL.get().map(Trail::figures)
}

/// Writes a line whose loss is counted, and holds nothing up.
pub(super) fn note(line: &Line<'_>) {
    let _ = record(line);
}

pub(super) fn record(line: &Line<'_>) -> Result<(), NotRecorded> {
    TRAIL.get().map_or(Ok(()), |trail| trail.record(line))
}

/// Where lines go.
pub(super) struct Trail {
    node: NodeName,
    writer: Mutex<Writer>,
    /// The number of the last line that is known to be on the disk.
    synced: Mutex<u64>,
    sync: Sync,
    when_unwritable: WhenUnwritable,
    lost: AtomicU64,
    copies: Copies,
}

struct Writer {
    out: Out,
    tip: Tip,
    /// One for all lines: it grows to the longest.
    buffer: Vec<u8>,
    lost: Option<Lost>,
    /// What a killed process has left of a line.
    torn: Option<Torn>,
}

enum Out {
    Stderr,
    File(TrailFile),
}

/// Lines that could not be written, and that nobody has been told of yet.
#[derive(Clone, Copy)]
struct Lost {
    lines: u64,
    from: Timestamp,
}

/// Octets behind the last whole line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Torn {
    /// How many, the line feed counted that ends them.
    pub(super) octets: u64,
    /// Whether that line feed is still to be written.
    pub(super) is_open: bool,
}

impl Trail {
    pub(super) fn open(settings: &Settings) -> io::Result<Self> {
        let node = settings.node.clone().unwrap_or_else(NodeName::of_machine);
        let (out, resumed) = match &settings.file {
            Some(path) => {
                let (file, resumed) = TrailFile::open(path, &node)?;
                (Out::File(file), resumed)
            }
            None => (Out::Stderr, Resumed::default()),
        };
        let trail = Self {
            copies: Copies::start(settings, &node),
            node,
            writer: Mutex::new(Writer {
                out,
                tip: resumed.tip,
                buffer: Vec::with_capacity(2048),
                lost: None,
                torn: resumed.torn,
            }),
            synced: Mutex::new(0),
            sync: settings.sync,
            when_unwritable: settings.when_unwritable,
            lost: AtomicU64::new(0),
        };
        let _ = trail.record(&Line {
            version: Some(env!("CARGO_PKG_VERSION")),
            ..Line::of_trail("trail-began")
        });
        Ok(trail)
    }

    pub(super) fn record(&self, line: &Line<'_>) -> Result<(), NotRecorded> {
        let mut writer = self.writer();
        let written = writer.write(line, &self.node);
        if !self.copies.is_empty() {
            self.copies
                .send(Copy::of(line, writer.last(line, written.is_ok())));
        }
        let seq = writer.tip.seq;
        drop(writer);
        let error = match written {
            Ok(told) => {
                if let Some(lost) = told {
                    tracing::info!(lost, "audit lines can be written again");
                }
                match self.synced(seq) {
                    Ok(()) => return Ok(()),
                    Err(error) => error,
                }
            }
            Err(error) => error,
        };
        let before = self.lost.fetch_add(1, Ordering::Relaxed);
        // A disk that is full for an hour must not fill the log, too.
        if before.is_multiple_of(1000) {
            tracing::error!(%error, "an audit line is lost");
        }
        match self.when_unwritable {
            WhenUnwritable::GoOn => Ok(()),
            WhenUnwritable::Refuse => Err(NotRecorded),
        }
    }

    /// Waits until the line is on the disk, if that is wanted. Whoever comes while another one waits
    /// finds its own line there, too, as a rule.
    fn synced(&self, seq: u64) -> io::Result<()> {
        if self.sync == Sync::Never {
            return Ok(());
        }
        let mut synced = self.synced.lock().unwrap_or_else(PoisonError::into_inner);
        if *synced >= seq {
            return Ok(());
        }
        let (file, until) = {
            let writer = self.writer();
            let Out::File(file) = &writer.out else {
                return Ok(());
            };
            (file.handle()?, writer.tip.seq)
        };
        file.sync_data()?;
        *synced = until;
        Ok(())
    }

    pub(super) fn reopen(&self) {
        let mut writer = self.writer();
        let Out::File(file) = &mut writer.out else {
            return;
        };
        match file.reopened() {
            Ok(false) => return,
            Ok(true) => writer.torn = None,
            Err(error) => {
                tracing::error!(%error, "the audit file cannot be opened anew: the old one goes on");
                return;
            }
        }
        drop(writer);
        // So that the new file is never without a line to continue from.
        let _ = self.record(&Line::of_trail("trail-continued"));
    }

    pub(super) fn figures(&self) -> Figures {
        let tip = self.writer().tip;
        Figures {
            head: Head {
                node: self.node.clone(),
                seq: tip.seq,
                digest: tip.digest,
            },
            lost: self.lost.load(Ordering::Relaxed),
            lost_copies: self.copies.lost(),
        }
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    /// Writes the line, and before it what has been lost, by one call. Gives how many lines have now
    /// been told to be lost.
    fn write(&mut self, line: &Line<'_>, node: &NodeName) -> io::Result<Option<u64>> {
        let written = self.attempt(line, node);
        if written.is_ok() {
            (self.lost, self.torn) = (None, None);
        } else {
            let lost = self.lost.get_or_insert(Lost {
                lines: 0,
                from: line.timestamp(),
            });
            lost.lines += 1;
        }
        written
    }

    fn attempt(&mut self, line: &Line<'_>, node: &NodeName) -> io::Result<Option<u64>> {
        if let Out::File(file) = &mut self.out
            && let Some(left) = file.mend(node)?
        {
            self.torn = left.torn;
            self.tip = left.tip;
        }
        self.buffer.clear();
        if self.torn.is_some_and(|torn| torn.is_open) {
            self.buffer.push(b'\n');
        }
        let mut tip = self.tip;
        if self.lost.is_some() || self.torn.is_some() {
            let lost = Line {
                lost: Some(self.lost.map_or(0, |lost| lost.lines)),
                lost_from: self.lost.map(|lost| lost.from),
                torn: self.torn.map(|torn| torn.octets),
                ..Line::of_trail("lines-lost")
            };
            tip = tip.append(&lost, node, &mut self.buffer)?;
        }
        let tip = tip.append(line, node, &mut self.buffer)?;
        match &mut self.out {
            Out::Stderr => io::stderr().lock().write_all(&self.buffer)?,
            Out::File(file) => file.append(&self.buffer)?,
        }
        self.tip = tip;
        Ok(self.lost.map(|lost| lost.lines))
    }

    /// The line as it was written; one that was not has no place in the chain.
    fn last(&self, line: &Line<'_>, is_written: bool) -> Vec<u8> {
        if is_written {
            let mut lines = self.buffer.trim_ascii_end().rsplit(|&byte| byte == b'\n');
            return lines.next().unwrap_or_default().to_vec();
        }
        let mut alone = Vec::with_capacity(1024);
        // Into memory, and of strings and numbers.
        let _ = line.write(&mut alone);
        alone
    }
}

/// How often the figures are told, and how often the log has the head of the chain.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
const TELL_EVERY: u32 = 720;

/// Tells monitoring how the trail fares, and the log the chain's head each hour, so that another machine
/// may know it. Ends with the process.
pub async fn watch(metrics: Arc<Metrics>) {
    let mut ticks = tokio::time::interval(MEASURE_EVERY);
    let mut until_told = 0;
    loop {
        ticks.tick().await;
        let Some(now) = figures() else { continue };
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        metrics.set(
            "homerealm_audit_lines",
            "The number of the audit chain's last line.",
            count(now.head.seq),
        );
        metrics.set(
            "homerealm_audit_lost_lines",
            "Audit lines that could not be written since the start.",
            count(now.lost),
        );
        metrics.set(
            "homerealm_audit_lost_copies",
            "Copies of audit lines that reached neither journal nor syslog since the start.",
            count(now.lost_copies),
        );
        if until_told == 0 {
            tracing::info!(head = %now.head, "audit");
            until_told = TELL_EVERY;
        }
        until_told -= 1;
    }
}
