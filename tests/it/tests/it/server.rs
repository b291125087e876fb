//! Database servers of the tests' own: processes that end with the tests, in whatever way these end.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

/// A server's process.
pub(crate) struct Running(Child);

impl Running {
    /// Starts a server by a shell, and waits until it logs that it is ready. The error is what it logged before it ended.
    ///
    /// `signal` ends it at once. `folder` is removed with it, unless it is only stopped.
    pub(crate) fn start(
        mut shell: Command,
        server: &Command,
        signal: &str,
        folder: &Path,
        ready: &str,
    ) -> Result<Self, String> {
        // The shell ends the server when this process closes its end of the pipe, which a killed process does as well.
        let script = r#""$0" "$@" </dev/null & read -r what; kill -s "$SIGNAL" $!; wait $!; [ "$what" = keep ] || rm -rf "$FOLDER""#;
        shell
            .args(["-c", script])
            .arg(server.get_program())
            .args(server.get_args());
        shell
            .env("SIGNAL", signal)
            .env("FOLDER", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = shell.spawn().expect("the server's process");
        let mut log = BufReader::new(child.stderr.take().expect("its log"));
        let mut seen = String::new();
        while !seen.contains(ready) {
            if log.read_line(&mut seen).expect("its log") == 0 {
                child.wait().expect("it has ended");
                return Err(seen);
            }
        }
        // Nobody reads it, but a full pipe would stop the server.
        thread::spawn(move || io::copy(&mut log, &mut io::sink()));
        Ok(Self(child))
    }

    /// Ends it at once, cutting off its connections, and waits until it has ended. Its folder stays.
    pub(crate) fn stop(self) {
        self.end("keep\n");
    }

    /// The same, and its folder goes.
    pub(crate) fn remove(self) {
        self.end("");
    }

    fn end(mut self, what: &str) {
        let mut stdin = self.0.stdin.take().expect("a pipe");
        stdin.write_all(what.as_bytes()).expect("the shell listens");
        drop(stdin);
        self.0.wait().expect("it has ended");
    }
}

/// Runs a program to its end, and gives what it prints.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// Whether this process has all rights.
pub(crate) fn is_root() -> bool {
    run(Command::new("id").arg("-u")).trim() == "0"
}
