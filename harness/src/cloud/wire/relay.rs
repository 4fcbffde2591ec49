//! A connection to a third party behind the TCP proxy: its bytes pass as they are, except where a fault acts. None of them is kept.

use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::timeout;

use super::halt::Halt;
use super::line::Line;
use super::waiting::wait;
use crate::fault::{Acting, FaultWhat};
use crate::journal::{Connection, ConnectionEnd, EventKind, Operation, Service};

/// How long a service is waited for: to answer a connection, and to end one whose job has left.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes that are read at once.
const CHUNK: usize = 16 * 1024;

/// With a bandwidth, bytes pass so many times a second.
const PORTIONS: u64 = 20;

/// The service behind a TCP proxy.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Name of the third party.
    pub third_party: String,
    /// Host and port.
    pub address: String,
}

/// Relays an accepted connection until it ends.
pub(super) async fn relay(upstream: &Upstream, line: &Line, mut job: TcpStream) {
    let mut passage = Passage::open(upstream, line);
    if line.wiring.halt.holds() {
        return passage.stall(job).await;
    }
    let acting = line.wiring.faults().next(&Service::ThirdParty(upstream.third_party.clone()), Operation::Connect);
    passage.connection.fault = Acting::line(&acting);
    for acting in &acting {
        match acting.fault.what {
            FaultWhat::Delay { .. } | FaultWhat::DelayBetween { .. } | FaultWhat::DelayLognormal { .. } => wait(acting.delay).await,
            FaultWhat::Gather => passage.connection.met = Some(line.wiring.gathering.meet(line.journal().jobs()).await as u64),
            _ => {}
        }
    }
    let (mut flow, mut kills) = (Flow::default(), false);
    for acting in acting {
        match acting.fault.what {
            FaultWhat::Stall => return passage.stall(job).await,
            FaultWhat::Close => return passage.close(job).await,
            FaultWhat::Reset => return passage.reset(&job, ConnectionEnd::Reset),
            FaultWhat::KillJob => {
                passage.kill();
                return passage.stall(job).await;
            }
            FaultWhat::KillJobAfterReply => kills = true,
            FaultWhat::Bandwidth { bytes_per_second } => flow.limit(bytes_per_second),
            FaultWhat::CutBody { after } => flow.cut = Some((after, ConnectionEnd::Closed)),
            FaultWhat::ResetMidBody { after } => flow.cut = Some((after, ConnectionEnd::Reset)),
            // The others cannot act on a connection, and no plan with them is accepted; `refuse` acts in the service.
            _ => {}
        }
    }
    let mut service = match reach(upstream).await {
        Ok(service) => service,
        Err(reason) => {
            line.wiring.trouble(reason);
            return passage.reset(&job, ConnectionEnd::Unreachable);
        }
    };
    let end = flow.carry(&mut job, &mut service, &passage).await;
    if kills {
        // Before the job can go on: it has to be told first that the connection ended.
        passage.kill();
    }
    match end {
        ConnectionEnd::Closed => passage.close(job).await,
        ConnectionEnd::Reset | ConnectionEnd::ResetByService => passage.reset(&job, end),
        other => {
            // What the service still does for the job is done before anybody looks at what it left.
            service.shutdown().await.ok();
            timeout(PATIENCE, tokio::io::copy(&mut service, &mut tokio::io::sink())).await.ok();
            passage.end(other);
        }
    }
}

async fn reach(upstream: &Upstream) -> Result<TcpStream, String> {
    let Upstream { third_party, address } = upstream;
    let reason = match timeout(PATIENCE, TcpStream::connect(address.as_str())).await {
        Ok(Ok(service)) => {
            service.set_nodelay(true).ok();
            return Ok(service);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_elapsed) => format!("no answer within {} s", PATIENCE.as_secs()),
    };
    Err(format!("connect to the third party {third_party} at {address}: {reason}; start it, or correct `address` in its `tcp` table"))
}

/// How bytes pass.
#[derive(Debug, Default)]
struct Flow {
    /// Bytes a second, each way.
    rate: Option<u64>,
    /// Bytes toward the job after which the connection ends, and how.
    cut: Option<(u64, ConnectionEnd)>,
}

/// Why bytes of one way pass no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Their sender closed.
    Closed,
    /// Their sender reset.
    Reset,
    /// Their receiver is gone.
    Unwanted,
    /// A fault ends them.
    Cut,
}

impl Flow {
    /// Lets bytes pass no faster than this; of several bandwidths the narrowest counts.
    fn limit(&mut self, rate: u64) {
        self.rate = Some(self.rate.map_or(rate, |known| known.min(rate)));
    }

    /// Carries bytes both ways until the connection has ended, or is to be.
    async fn carry(&self, job: &mut TcpStream, service: &mut TcpStream, passage: &Passage<'_>) -> ConnectionEnd {
        let (mut from_job, mut to_job) = job.split();
        let (mut from_service, mut to_service) = service.split();
        let mut up = Box::pin(self.one_way(&mut from_job, &mut to_service, &passage.to_service, None));
        let mut down = Box::pin(self.one_way(&mut from_service, &mut to_job, &passage.to_job, self.cut.map(|(after, _)| after)));
        let ended = |down: Stop, otherwise: ConnectionEnd| match (down, self.cut) {
            (Stop::Cut, Some((_, end))) => end,
            (Stop::Reset, _) => ConnectionEnd::ResetByService,
            (Stop::Unwanted, _) => ConnectionEnd::ResetByJob,
            _ => otherwise,
        };
        tokio::select! {
            stop = &mut up => match stop {
                Stop::Closed => match timeout(PATIENCE, down).await {
                    Ok(stop) => ended(stop, ConnectionEnd::ByJob),
                    Err(_elapsed) => ConnectionEnd::ByJob,
                },
                Stop::Reset => ConnectionEnd::ResetByJob,
                Stop::Unwanted | Stop::Cut => ended(down.await, ConnectionEnd::ByService),
            },
            stop = &mut down => match stop {
                Stop::Closed => {
                    up.await;
                    ConnectionEnd::ByService
                }
                other => ended(other, ConnectionEnd::ByService),
            },
        }
    }

    /// Carries bytes one way and passes their end on.
    async fn one_way(&self, from: &mut ReadHalf<'_>, to: &mut WriteHalf<'_>, count: &AtomicU64, bound: Option<u64>) -> Stop {
        let mut buffer = vec![0; CHUNK];
        let portion = self.rate.map_or(CHUNK, |rate| usize::try_from((rate / PORTIONS).max(1)).unwrap_or(CHUNK).min(CHUNK));
        loop {
            let left = bound.map(|bound| bound.saturating_sub(count.load(Ordering::Relaxed)));
            if left == Some(0) {
                return Stop::Cut;
            }
            let most = left.map_or(portion, |left| portion.min(usize::try_from(left).unwrap_or(portion)));
            let read = match from.read(&mut buffer[..most]).await {
                Ok(0) => {
                    to.shutdown().await.ok();
                    return Stop::Closed;
                }
                Ok(read) => read,
                Err(_) => return Stop::Reset,
            };
            if to.write_all(&buffer[..read]).await.is_err() {
                return Stop::Unwanted;
            }
            count.fetch_add(read as u64, Ordering::Relaxed);
            if let Some(rate) = self.rate {
                wait(Duration::from_micros((read as u64).saturating_mul(1_000_000) / rate.max(1))).await;
            }
        }
    }
}

/// What is known of a connection so far. Dropped before its end, it is journalled as it is.
struct Passage<'line> {
    line: &'line Line,
    connection: Connection,
    to_service: AtomicU64,
    to_job: AtomicU64,
}

impl<'line> Passage<'line> {
    fn open(upstream: &Upstream, line: &'line Line) -> Self {
        let connection = Connection {
            third_party: upstream.third_party.clone(),
            job: line.journal().job(),
            connection: line.number,
            accepted_at: line.accepted_at,
            to_service: 0,
            to_job: 0,
            end: ConnectionEnd::Stopped,
            fault: None,
            met: None,
        };
        Self { line, connection, to_service: AtomicU64::new(0), to_job: AtomicU64::new(0) }
    }

    /// Has the job killed, and holds what it does until it is gone. Outside a job nobody would end the hold.
    fn kill(&self) {
        if self.connection.job.is_some() {
            self.line.wiring.halt.hold();
            Halt::ask(self.line.journal(), self.connection.job.as_ref());
        }
    }

    /// Says nothing, until the job leaves.
    async fn stall(mut self, mut job: TcpStream) {
        self.connection.end = ConnectionEnd::Stalled;
        tokio::io::copy(&mut job, &mut tokio::io::sink()).await.ok();
    }

    /// Ends by FIN. What the job still sends is read: unread bytes would turn the end into a reset.
    async fn close(mut self, mut job: TcpStream) {
        self.connection.end = ConnectionEnd::Closed;
        socket2::SockRef::from(&job).shutdown(Shutdown::Write).ok();
        tokio::io::copy(&mut job, &mut tokio::io::sink()).await.ok();
    }

    /// Ends by RST.
    fn reset(self, job: &TcpStream, end: ConnectionEnd) {
        job.set_zero_linger().ok();
        self.end(end);
    }

    fn end(mut self, end: ConnectionEnd) {
        self.connection.end = end;
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        self.connection.to_service = self.to_service.load(Ordering::Relaxed);
        self.connection.to_job = self.to_job.load(Ordering::Relaxed);
        self.line.journal().append(EventKind::Connection(Box::new(self.connection.clone())));
    }
}
