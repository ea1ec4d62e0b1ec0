use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use hyper::{StatusCode, Uri};
use rustls::ClientConfig;

use crate::{
    http::client::{Client, ClientError},
    saml2::{LARGEST_METADATA, MetadataTrust},
};

/// Where a relying party's metadata comes from, and who vouches for it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The place.
    pub origin: Origin,
    /// Who vouches for it.
    pub trust: MetadataTrust,
    /// How often it is looked at, unless it says itself that this is too seldom.
    pub refresh: Duration,
}

/// A place that metadata is taken from.
#[derive(Clone)]
pub enum Origin {
    /// A file.
    File(PathBuf),
    /// An https address.
    Url {
        /// The address.
        url: Uri,
        /// Which certificates its server may have.
        tls: Arc<ClientConfig>,
    },
}

/// Why a place gave no document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's word.
        cause: io::Error,
    },
    /// The file is longer than any that is read.
    #[error("{0} is longer than {LARGEST_METADATA} octets")]
    TooLong(PathBuf),
    /// The server cannot be reached, or its answer is not HTTP, or too long.
    #[error("{url}: {cause}")]
    Exchange {
        /// The address.
        url: Uri,
        /// What went wrong.
        cause: ClientError,
    },
    /// The server answers something else than the document. Redirects are not followed: what an
    /// address leads to is for the configuration to say.
    #[error("{url} answers with status {status}")]
    Status {
        /// The address.
        url: Uri,
        /// The answer's status.
        status: StatusCode,
    },
}

/// How long an exchange may take.
const PATIENCE: Duration = Duration::from_secs(20);

impl Origin {
    /// The document as it is there now.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn fetch(&self) -> Result<Bytes, SourceError> {
        match self {
            Self::File(path) => read(path),
            Self::Url { url, tls } => {
                // One exchange an hour: nothing is gained by keeping the connection.
                let mut client = Client::new(tls.clone())
                    .with_timeout(PATIENCE)
                    .with_largest_body(LARGEST_METADATA);
                let reply = client
                    .get(url, None)
                    .await
                    .map_err(|cause| SourceError::Exchange {
                        url: url.clone(),
                        cause,
                    })?;
                if reply.status != StatusCode::OK {
                    return Err(SourceError::Status {
                        url: url.clone(),
                        status: reply.status,
                    });
                }
                Ok(reply.body)
            }
        }
    }

    /// Whether it is at an address, whose server may be away.
    pub fn is_remote(&self) -> bool {
        matches!(self, Self::Url { .. })
    }
}

/// A file, at once: nobody waits for a moment's reading.
fn read(path: &Path) -> Result<Bytes, SourceError> {
    let mut octets = Vec::new();
    File::open(path)
        .and_then(|file| {
            let one_more = LARGEST_METADATA as u64 + 1;
            file.take(one_more).read_to_end(&mut octets)
        })
        .map_err(|cause| SourceError::File {
            path: path.to_owned(),
            cause,
        })?;
    if octets.len() > LARGEST_METADATA {
        return Err(SourceError::TooLong(path.to_owned()));
    }
    Ok(octets.into())
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Url { url, .. } => write!(f, "{url}"),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Origin").field(&self.to_string()).finish()
    }
}
