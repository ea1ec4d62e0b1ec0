//! How many connections the process can have open, by what the system grants it.

use std::fs;

/// Descriptors for what is not a connection of somebody who signs in: directories, upstreams, files, the
/// runtime. Without them, a flood of connections would keep the directory from being reached.
const KEPT_BACK: u32 = 128;

/// `wanted`, or as many as there are descriptors for.
pub(super) fn within_reach(wanted: u32) -> u32 {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let Some(open_files) = open_files(&limits) else {
        return wanted;
    };
    let reachable = reachable(open_files);
    if reachable < wanted {
        tracing::warn!(
            open_files,
            connections = reachable,
            wanted,
            "the limit of open files (LimitNOFILE, ulimit -n) permits fewer connections than configured"
        );
    }
    wanted.min(reachable)
}

fn reachable(open_files: u32) -> u32 {
    // Where there are few, half of them.
    open_files.saturating_sub(KEPT_BACK.min(open_files / 2))
}

/// The soft limit in `/proc/PID/limits` (proc(5)); nothing where there is none.
fn open_files(limits: &str) -> Option<u32> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_descriptors_are_kept_back() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units\n\
                      Max processes             127235               127235               processes\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(open_files(limits), Some(1024));
        assert_eq!(
            open_files("Max open files  unlimited  unlimited  files\n"),
            None
        );
        assert_eq!([1024, 256, 64, 1].map(reachable), [896, 128, 32, 1]);
    }
}
