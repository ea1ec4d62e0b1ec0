//! CPU time as Linux counts it.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

/// Ticks a second of the times in `/proc/PID/stat`: 100 on every Linux that Rust runs on.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of CPU that a process has used, in user and in system mode (proc(5), fields 14, 15).
pub(crate) fn of_process(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
        .with_context(|| format!("process {pid} is not there"))?;
    // The second field, the command, may hold spaces and parentheses; the rest holds neither.
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat is odd")?;
    let ticks = |field: usize| -> Result<f64> {
        let text = fields.split_whitespace().nth(field - 3);
        Ok(text.context("/proc/PID/stat is short")?.parse()?)
    };
    Ok((ticks(14)? + ticks(15)?) / TICKS_PER_SECOND)
}

/// Resident memory of a process in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.context("no VmRSS in /proc/PID/status")?.parse()?)
}

/// CPU that this thread has used, to the nanosecond (first field of `schedstat`).
pub(crate) fn of_this_thread() -> Result<Duration> {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = schedstat.split_whitespace().next();
    let nanoseconds = nanoseconds.context("schedstat is empty")?.parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}
