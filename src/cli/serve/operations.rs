//! The operational listener, on a thread of its own: whether the process lives, and what it measures, can
//! be asked however much the others have to do.

use std::{future::Future, io, net::SocketAddr, pin::Pin, sync::Arc, thread};

use anyhow::Context;
use homerealm::{
    http::server::Server,
    observe::Metrics,
    web::{Operations, Readiness},
};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};
use tokio_util::sync::CancellationToken;

/// Is asked on the runtime that this was made in. A connection to a directory belongs to the runtime that
/// opened it, and sign-ins share it.
pub(super) struct Apart<R> {
    asked: Arc<R>,
    runtime: Handle,
}

impl<R> Apart<R> {
    pub(super) fn new(asked: R) -> Self {
        Self {
            asked: Arc::new(asked),
            runtime: Handle::current(),
        }
    }
}

impl<R: Readiness> Readiness for Apart<R> {
    fn check(&self) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        let asked = Arc::clone(&self.asked);
        let answer = self.runtime.spawn(async move { asked.check().await });
        Box::pin(async { answer.await.unwrap_or_else(|error| Err(error.to_string())) })
    }

    fn degraded(&self) -> Option<String> {
        self.asked.degraded()
    }

    fn measure(&self, metrics: &Metrics) {
        self.asked.measure(metrics);
    }
}

/// Serves until `stop` is cancelled. What is returned is done when the last answer is out.
///
/// # Errors
/// When the address cannot be listened on, or the system gives no thread.
pub(super) fn serve<R: Readiness>(
    address: SocketAddr,
    service: Operations<R>,
    stop: CancellationToken,
) -> anyhow::Result<oneshot::Receiver<()>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (ended, end) = oneshot::channel();
    let (bound, binding) = std::sync::mpsc::channel();
    thread::Builder::new()
        .name("operations".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                match Server::bind(address).await {
                    Ok(server) => {
                        let _ = bound.send(server.local_addr());
                        server.serve(Arc::new(service), stop).await;
                    }
                    Err(error) => {
                        let _ = bound.send(Err(error));
                    }
                }
            });
            let _ = ended.send(());
        })?;
    let bound = binding
        .recv()
        .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
    let address = bound.with_context(|| format!("cannot listen on {address}"))?;
    tracing::info!(%address, "operations");
    Ok(end)
}
