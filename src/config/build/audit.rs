//! `[audit]`.

use std::path::Path;

use crate::observe::audit::{NodeName, Settings, Sync, Syslog, WhenUnwritable};

use super::super::{ConfigError, error::Source, file};

pub(super) fn build(
    audit: file::Audit,
    source: Source<'_>,
    folder: &Path,
) -> Result<Settings, ConfigError> {
    let needs_file = |span| {
        source.invalid(
            span,
            "this holds for lines of a file only, and [audit] has no `file`",
        )
    };
    let when_unwritable = match &audit.when_unwritable {
        Some(when) if *when.as_ref() == file::WhenUnwritable::Refuse => {
            if audit.file.is_none() {
                return Err(needs_file(when.span()));
            }
            WhenUnwritable::Refuse
        }
        _ => WhenUnwritable::GoOn,
    };
    let sync = match &audit.sync {
        Some(sync) if *sync.as_ref() == file::AuditSync::Each => {
            if audit.file.is_none() {
                return Err(needs_file(sync.span()));
            }
            Sync::Each
        }
        _ => Sync::Never,
    };
    let node = audit.node.as_ref().map(|node| {
        NodeName::parse(node.as_ref()).ok_or_else(|| {
            source.invalid(
                node.span(),
                "a node's name has letters, digits, `.`, `-` and `_`, 63 at most",
            )
        })
    });
    let syslog = audit.syslog.as_ref().map(|server| {
        Syslog::parse(server.as_ref()).ok_or_else(|| {
            source.invalid(
                server.span(),
                "a syslog server is unix:/PATH, udp://ADDRESS:PORT or tcp://ADDRESS:PORT, \
                 the address in numbers",
            )
        })
    });
    Ok(Settings {
        file: audit.file.map(|path| folder.join(path)),
        node: node.transpose()?,
        journald: audit.journald,
        syslog: syslog.transpose()?,
        when_unwritable,
        sync,
    })
}
