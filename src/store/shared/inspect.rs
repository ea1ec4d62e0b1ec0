use time::OffsetDateTime;

use super::{ConnectError, Servers, StoreAddress, connection::Connection, resp::Reply};

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// `redis` or `valkey`, and its version.
    pub version: String,
    /// Whether it takes NX together with GET, and knows GETDEL: Redis 7.0, each Valkey.
    pub is_recent: bool,
    /// What it throws away when its memory is full; `noeviction` for nothing. `None` where it does not
    /// say.
    pub eviction: Option<String>,
    /// Octets of memory that it may use; 0 for all there is.
    pub most_memory: Option<u64>,
    /// By how many seconds its clock is ahead of ours.
    pub seconds_ahead: i64,
}

/// Asks a server about itself.
///
/// # Errors
/// When it cannot be reached, or refuses what a node needs.
pub async fn inspect(
    servers: &Servers,
    address: &StoreAddress,
    prefix: &str,
) -> Result<Inspected, ConnectError> {
    let mut connection = servers.connect_to(address).await?;
    try_rights(&mut connection, prefix).await?;
    let info = match connection.ask(&[b"INFO"]).await? {
        Reply::Text(info) => String::from_utf8_lossy(&info).into_owned(),
        _ => return Err(ConnectError::Foreign),
    };
    let told = |name: &str| {
        let mut lines = info.lines();
        let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(|value| value.trim().to_owned())
    };
    let (version, is_recent) = match (told("valkey_version"), told("redis_version")) {
        (Some(valkey), _) => (format!("valkey {valkey}"), true),
        (None, Some(redis)) => {
            let major = redis.split('.').next().and_then(|major| major.parse().ok());
            (
                format!("redis {redis}"),
                major.is_some_and(|major: u32| major >= 7),
            )
        }
        (None, None) => return Err(ConnectError::Foreign),
    };
    Ok(Inspected {
        version,
        is_recent,
        eviction: told("maxmemory_policy"),
        most_memory: told("maxmemory").and_then(|octets| octets.parse().ok()),
        seconds_ahead: seconds_ahead(&mut connection).await?,
    })
}

/// Does what nodes do, with a key of its own.
async fn try_rights(connection: &mut Connection, prefix: &str) -> Result<(), ConnectError> {
    let key = format!("{prefix}:check");
    let key = key.as_bytes();
    let commands: [&[&[u8]]; 6] = [
        &[b"SET", key, b"1", b"NX", b"GET", b"PX", b"1000"],
        &[b"GET", key],
        &[b"EVAL", b"return redis.call('PTTL', KEYS[1])", b"1", key],
        &[
            b"EVAL",
            b"redis.call('PEXPIRE', KEYS[1], 1000) return redis.call('INCRBY', KEYS[1], 1)",
            b"1",
            key,
        ],
        &[b"GETDEL", key],
        &[b"DEL", key],
    ];
    for command in commands {
        connection.ask(command).await?;
    }
    Ok(())
}

async fn seconds_ahead(connection: &mut Connection) -> Result<i64, ConnectError> {
    let Reply::Array(time) = connection.ask(&[b"TIME"]).await? else {
        return Err(ConnectError::Foreign);
    };
    let seconds = match time.first() {
        Some(Reply::Text(seconds)) => str::from_utf8(seconds).ok().and_then(|s| s.parse().ok()),
        _ => None,
    };
    let theirs: i64 = seconds.ok_or(ConnectError::Foreign)?;
    Ok(theirs.saturating_sub(OffsetDateTime::now_utc().unix_timestamp()))
}
