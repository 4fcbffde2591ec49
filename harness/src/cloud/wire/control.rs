//! What the request's side and the socket's side of one connection tell each other.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::line::Target;
use super::record::Record;
use super::rewriting::Alteration;

/// Where a connection stands. Only its own task touches it, so the atomics never wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Step {
    /// Between requests.
    Idle,
    /// A request's head was read.
    Asked,
    /// The answer is with the HTTP library, its body not all handed over.
    Answering,
    /// The library has all of the answer; the next flush means that it left.
    HandedOver,
    /// The library has all of the answer that may leave; the next flush is where it is cut.
    CutHere,
    /// The service ended the connection instead of answering.
    Severed,
}

/// How the connection's socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SocketEnd {
    /// As HTTP and TLS want it.
    Orderly,
    /// FIN at once, below TLS.
    Fin,
    /// RST at once, below TLS.
    Reset,
    /// FIN at once, below TLS; what the peer sends is read until it leaves.
    HalfOpen,
}

/// The shared state of one connection.
#[derive(Debug, Default)]
pub(super) struct Control {
    step: AtomicU8,
    /// How it ends where a fault ends it.
    end: Mutex<Option<SocketEnd>>,
    altered: AtomicBool,
    alteration: Mutex<Option<Alteration>>,
    peer_left: AtomicBool,
    stopped: AtomicBool,
    asked: AtomicBool,
    /// Status of an answer that the HTTP library wrote by itself (to an unreadable request); 0 for none.
    unasked_status: AtomicU16,
    pending: Mutex<Option<Box<Record>>>,
    tunnel: Mutex<Option<Target>>,
}

impl Control {
    pub(super) fn step(&self) -> Step {
        match self.step.load(Ordering::Relaxed) {
            0 => Step::Idle,
            1 => Step::Asked,
            2 => Step::Answering,
            3 => Step::HandedOver,
            4 => Step::CutHere,
            _ => Step::Severed,
        }
    }

    pub(super) fn set_step(&self, step: Step) {
        self.step.store(step as u8, Ordering::Relaxed);
    }

    /// A request's head was read.
    pub(super) fn begin(&self) {
        self.asked.store(true, Ordering::Relaxed);
        self.set_step(Step::Asked);
    }

    /// Tells whether the connection ever carried a request.
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// The answer goes to the HTTP library, whose bytes are altered on their way; `record` is journalled when it has left.
    pub(super) fn answer(&self, record: Box<Record>, alteration: Alteration) {
        *lock(&self.pending) = Some(record);
        if alteration.is_any() {
            *lock(&self.alteration) = Some(alteration);
            self.altered.store(true, Ordering::Relaxed);
        }
        self.set_step(Step::Answering);
    }

    /// Takes what is to be altered about the bytes of the next answer.
    pub(super) fn take_alteration(&self) -> Option<Alteration> {
        if self.altered.swap(false, Ordering::Relaxed) { lock(&self.alteration).take() } else { None }
    }

    /// No answer: the connection ends so; `record` is journalled before it does.
    pub(super) fn sever(&self, record: Box<Record>, end: SocketEnd) {
        *lock(&self.pending) = Some(record);
        *lock(&self.end) = Some(end);
        self.set_step(Step::Severed);
    }

    /// No answer and no exchange: the connection ends so.
    pub(super) fn end(&self, end: SocketEnd) {
        *lock(&self.end) = Some(end);
        self.set_step(Step::Severed);
    }

    /// Says how a cut answer ends.
    pub(super) fn end_with_reset(&self, reset: bool) {
        *lock(&self.end) = Some(if reset { SocketEnd::Reset } else { SocketEnd::Fin });
    }

    pub(super) fn take_pending(&self) -> Option<Box<Record>> {
        lock(&self.pending).take()
    }

    pub(super) fn socket_end(&self) -> SocketEnd {
        match self.step() {
            Step::CutHere | Step::Severed => lock(&self.end).unwrap_or(SocketEnd::Fin),
            _ => SocketEnd::Orderly,
        }
    }

    pub(super) fn set_peer_left(&self) {
        self.peer_left.store(true, Ordering::Relaxed);
    }

    pub(super) fn peer_left(&self) -> bool {
        self.peer_left.load(Ordering::Relaxed)
    }

    /// The listener stops while the connection is open.
    pub(super) fn set_stopped(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(super) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(super) fn set_unasked_status(&self, status: u16) {
        self.unasked_status.store(status, Ordering::Relaxed);
    }

    pub(super) fn unasked_status(&self) -> Option<u16> {
        Some(self.unasked_status.load(Ordering::Relaxed)).filter(|status| *status != 0)
    }

    /// The connection becomes a tunnel once the answer has left.
    pub(super) fn set_tunnel(&self, target: Target) {
        *lock(&self.tunnel) = Some(target);
    }

    pub(super) fn take_tunnel(&self) -> Option<Target> {
        lock(&self.tunnel).take()
    }
}

/// A panic elsewhere leaves these slots whole: they stay usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
