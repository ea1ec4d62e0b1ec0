//! Operations as commands: keys as digests, values sealed. `None` is a server that gave no answer.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::{Bytes, BytesMut};

use crate::keys::SealKeys;

use super::{
    super::{Kind, StoreError},
    link::Link,
    resp::{Reply, number_of},
};

/// A counter's sum, and its time anew where it grows. One step, since a script is.
const ADD: &[u8] = b"local sum = redis.call('INCRBY', KEYS[1], ARGV[1]) \
if tonumber(ARGV[1]) > 0 or redis.call('PTTL', KEYS[1]) < 0 then \
redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return sum";

type Answer<T> = Option<Result<T, StoreError>>;

pub(super) struct Wire {
    prefix: String,
    keys: SealKeys,
}

impl Wire {
    pub(super) fn new(prefix: &str, keys: SealKeys) -> Self {
        Self {
            prefix: prefix.to_owned(),
            keys,
        }
    }

    pub(super) async fn put(
        &self,
        link: &Link,
        kind: Kind,
        key: &[u8],
        value: &[u8],
        ttl: Duration,
    ) -> Answer<()> {
        let Some(ttl) = milliseconds(ttl) else {
            return self.remove(link, kind, key).await;
        };
        let name = self.name(kind, key);
        let value = match self.sealed(&name, value) {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        let set: [&[u8]; 5] = [b"SET", name.as_bytes(), &value, b"PX", &ttl];
        Some(expected(link.ask(&set).await?, |reply| match reply {
            Reply::Text(_) => Some(()),
            _ => None,
        }))
    }

    pub(super) async fn put_if_absent(
        &self,
        link: &Link,
        kind: Kind,
        key: &[u8],
        value: &[u8],
        ttl: Duration,
    ) -> Answer<Option<Bytes>> {
        let Some(ttl) = milliseconds(ttl) else {
            return self.get(link, kind, key).await;
        };
        let name = self.name(kind, key);
        let value = match self.sealed(&name, value) {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        let set: [&[u8]; 7] = [b"SET", name.as_bytes(), &value, b"NX", b"GET", b"PX", &ttl];
        let reply = link.ask(&set).await?;
        Some(expected(reply, |reply| match reply {
            Reply::Nil => Some(None),
            // One that was not sealed by us is there all the same.
            Reply::Text(earlier) => Some(Some(self.opened(&name, &earlier).unwrap_or_default())),
            _ => None,
        }))
    }

    pub(super) async fn add(
        &self,
        link: &Link,
        kind: Kind,
        key: &[u8],
        number: i64,
        ttl: Duration,
    ) -> Answer<i64> {
        let name = self.name(kind, key);
        let name = name.as_bytes();
        if number == 0 {
            let reply = link.ask(&[b"GET", name]).await?;
            return Some(expected(reply, |reply| match reply {
                Reply::Nil => Some(0),
                Reply::Text(sum) => str::from_utf8(&sum).ok()?.parse().ok(),
                _ => None,
            }));
        }
        let number = number.to_string();
        let ttl = milliseconds(ttl).unwrap_or_else(|| b"1"[..].into());
        let eval: [&[u8]; 6] = [b"EVAL", ADD, b"1", name, number.as_bytes(), &ttl];
        Some(expected(link.ask(&eval).await?, |reply| match reply {
            Reply::Integer(sum) => Some(sum),
            _ => None,
        }))
    }

    pub(super) async fn get(&self, link: &Link, kind: Kind, key: &[u8]) -> Answer<Option<Bytes>> {
        self.value(link, b"GET", kind, key).await
    }

    pub(super) async fn take(&self, link: &Link, kind: Kind, key: &[u8]) -> Answer<Option<Bytes>> {
        self.value(link, b"GETDEL", kind, key).await
    }

    pub(super) async fn remove(&self, link: &Link, kind: Kind, key: &[u8]) -> Answer<()> {
        let name = self.name(kind, key);
        let reply = link.ask(&[b"DEL", name.as_bytes()]).await?;
        Some(expected(reply, |reply| match reply {
            Reply::Integer(_) => Some(()),
            _ => None,
        }))
    }

    async fn value(
        &self,
        link: &Link,
        command: &[u8],
        kind: Kind,
        key: &[u8],
    ) -> Answer<Option<Bytes>> {
        let name = self.name(kind, key);
        let reply = link.ask(&[command, name.as_bytes()]).await?;
        Some(expected(reply, |reply| match reply {
            Reply::Nil => Some(None),
            // What was not sealed by us is nothing.
            Reply::Text(value) => Some(self.opened(&name, &value)),
            _ => None,
        }))
    }

    /// The key as the server knows it. Those that are digests already are taken as they are.
    fn name(&self, kind: Kind, key: &[u8]) -> String {
        let mut name = String::with_capacity(self.prefix.len() + 64);
        name.push_str(&self.prefix);
        name.push(':');
        name.push_str(kind.name());
        name.push(':');
        if key.len() == 32 && kind.has_digests_as_keys() {
            URL_SAFE_NO_PAD.encode_string(key, &mut name);
        } else {
            URL_SAFE_NO_PAD.encode_string(digest(&SHA256, key), &mut name);
        }
        name
    }

    /// The key is authenticated with the value: none can stand in the place of another.
    fn sealed(&self, name: &str, value: &[u8]) -> Result<Vec<u8>, StoreError> {
        // Tag and nonce.
        let mut sealed = Vec::with_capacity(value.len() + 28);
        sealed.extend_from_slice(value);
        self.keys
            .seal(name.as_bytes(), &mut sealed)
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(sealed)
    }

    fn opened(&self, name: &str, value: &[u8]) -> Option<Bytes> {
        let plain = self.keys.open(name.as_bytes(), value.to_vec());
        plain.map(Bytes::from)
    }
}

/// In digits; `None` for no time at all, which the server would take for a mistake.
fn milliseconds(ttl: Duration) -> Option<BytesMut> {
    let milliseconds = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
    // The server counts from 1970 in 63 bits.
    let milliseconds = milliseconds.min(u64::from(u32::MAX) * 1_000);
    (milliseconds > 0).then(|| {
        let mut digits = BytesMut::with_capacity(20);
        number_of(milliseconds, &mut digits);
        digits
    })
}

fn expected<T>(reply: Reply, read: impl FnOnce(Reply) -> Option<T>) -> Result<T, StoreError> {
    let unavailable = |cause: String| Err(StoreError::Unavailable(cause));
    match reply {
        Reply::Error(error) => unavailable(error),
        reply => match read(reply) {
            Some(answer) => Ok(answer),
            None => unavailable("the answer is not of this command".to_owned()),
        },
    }
}
