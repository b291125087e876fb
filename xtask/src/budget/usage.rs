//! What a process used.

use std::error::Error;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use wait4::Wait4 as _;

/// Of a process and of all that it waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// Time on a processor, outside the kernel.
    pub(super) user: Duration,
    /// The most memory that any one of the processes held, in bytes.
    pub(super) peak: u64,
}

impl Usage {
    /// Runs a command that says nothing but what went wrong.
    pub(super) fn of(command: &mut Command) -> Result<Self, Box<dyn Error>> {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut said = Vec::new();
        if let Some(mut stderr) = child.stderr.take() {
            stderr.read_to_end(&mut said)?;
        }
        let ended = child.wait4()?;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&said);
            let first: Vec<&str> = said.lines().take(40).collect();
            return Err(format!("{command:?} failed:\n{}", first.join("\n")).into());
        }
        Ok(Self {
            user: ended.rusage.utime,
            peak: ended.rusage.maxrss,
        })
    }

    /// The one of less time.
    pub(super) fn least(self, other: Self) -> Self {
        if other.user < self.user { other } else { self }
    }
}
