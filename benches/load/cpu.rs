//! CPU time as Linux counts it.

use std::{collections::HashMap, fs, time::Duration};

use anyhow::{Context, Result, ensure};

/// Ticks a second of the times in `/proc/PID/stat`: 100 on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Processes, and whatever they have started: a web server with its workers is several.
pub(crate) struct Product {
    processes: Vec<u32>,
}

/// What `/proc/PID/stat` says of one process (proc(5)).
struct Stat {
    parent: u32,
    /// In user and in system mode, of itself and of those children that have ended.
    seconds: f64,
}

impl Product {
    /// Of the processes that were started first.
    pub(crate) fn of(processes: &[u32]) -> Self {
        Self {
            processes: processes.to_vec(),
        }
    }

    /// Seconds of CPU that all of it has used. Whoever ends in between is counted by its parent.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let all = everything_running()?;
        let members = self.members(&all)?;
        Ok(members
            .iter()
            .filter_map(|pid| all.get(pid))
            .map(|stat| stat.seconds)
            .sum())
    }

    /// Resident memory in KiB; a page that several processes share counts in each.
    pub(crate) fn resident_kib(&self) -> Result<u64> {
        self.memory("status", "VmRSS:")
    }

    /// Resident memory in KiB; a page that several processes share counts once.
    pub(crate) fn proportional_kib(&self) -> Result<u64> {
        self.memory("smaps_rollup", "Pss:")
    }

    fn memory(&self, file: &str, name: &str) -> Result<u64> {
        let members = self.members(&everything_running()?)?;
        members.iter().map(|&pid| memory(pid, file, name)).sum()
    }

    fn members(&self, all: &HashMap<u32, Stat>) -> Result<Vec<u32>> {
        let mut members = Vec::new();
        let mut left = self.processes.clone();
        while let Some(pid) = left.pop() {
            ensure!(all.contains_key(&pid), "process {pid} is not there");
            left.extend(
                all.iter()
                    .filter_map(|(&child, stat)| (stat.parent == pid).then_some(child)),
            );
            members.push(pid);
        }
        Ok(members)
    }
}

fn everything_running() -> Result<HashMap<u32, Stat>> {
    let mut all = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // Who has ended since the folder was read is nobody's loss.
        if let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) {
            all.insert(pid, Stat::read(&text)?);
        }
    }
    Ok(all)
}

impl Stat {
    fn read(stat: &str) -> Result<Self> {
        // The second field, the command, may hold spaces and parentheses; the rest holds neither.
        let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat is odd")?;
        let field = |number: usize| {
            let text = fields.split_whitespace().nth(number - 3);
            text.context("/proc/PID/stat is short")
        };
        let mut ticks = 0.0;
        for number in 14..=17 {
            ticks += field(number)?.parse::<f64>()?;
        }
        Ok(Self {
            parent: field(4)?.parse()?,
            seconds: ticks / TICKS_PER_SECOND,
        })
    }
}

fn memory(pid: u32, file: &str, name: &str) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|line| line.split_whitespace().next());
    let number = number.with_context(|| format!("no {name} in /proc/PID/{file}"))?;
    Ok(number.parse()?)
}

/// CPU that this thread has used, to the nanosecond (first field of `schedstat`).
pub(crate) fn of_this_thread() -> Result<Duration> {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = schedstat.split_whitespace().next();
    let nanoseconds = nanoseconds.context("schedstat is empty")?.parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}
