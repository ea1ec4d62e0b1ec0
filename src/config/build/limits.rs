//! How much is taken on at once.

use std::time::Duration;

use toml::Spanned;

use crate::{http::server, overload};

use super::{
    super::{ConfigError, Limits, error::Source, file},
    number,
};

pub(super) fn build(limits: &file::Limits, source: Source<'_>) -> Result<Limits, ConfigError> {
    let bound = |written: Option<&Spanned<u32>>, most: u32, usual: usize| match written {
        Some(written) => number(written, 1..=most, source).map(|bound| bound as usize),
        None => Ok(usual),
    };
    let usual = overload::Limits::default();
    Ok(Limits {
        connections: match &limits.connections {
            Some(written) => number(written, 16..=1_000_000, source)?,
            None => server::Limits::default().connections,
        },
        requests: overload::Limits {
            sign_ins: bound(limits.sign_ins.as_ref(), 1_000_000, usual.sign_ins)?,
            passwords: bound(limits.passwords.as_ref(), 100_000, usual.passwords)?,
            upstreams: bound(limits.upstream_answers.as_ref(), 100_000, usual.upstreams)?,
            longest_wait: match &limits.longest_wait_milliseconds {
                Some(written) => {
                    Duration::from_millis(number(written, 10..=10_000, source)?.into())
                }
                None => usual.longest_wait,
            },
        },
    })
}
