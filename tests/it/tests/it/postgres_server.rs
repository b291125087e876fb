//! A PostgreSQL server of the tests' own: installed on the machine, run in a folder of its own, reached by a Unix socket there, or with
//! TLS on a port of 127.0.0.1.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use tempfile::TempDir;

use crate::server::{Running, is_root, run};

/// The names of the files for TLS.
const CERTIFICATE: &str = "server.crt";
const KEY: &str = "server.key";

/// A server that runs until it is dropped, or this process ends, in whatever way.
pub(crate) struct Server {
    programs: Programs,
    folder: TempDir,
    running: Option<Running>,
    databases: AtomicUsize,
    /// With TLS.
    port: Option<u16>,
}

/// The server that all tests share, with databases of their own; `None`, and a line that says why, where none is installed.
pub(crate) fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(Server::start_new).as_ref()
}

impl Server {
    /// A new server; `None`, and a line that says why, where none is installed.
    pub(crate) fn start_new() -> Option<Self> {
        let mut server = Self::new()?;
        server.start();
        Some(server)
    }

    /// The same with TLS, by this certificate and its key, both in PEM.
    pub(crate) fn start_with_tls(certificate: &str, key: &str) -> Option<Self> {
        let mut server = Self::new()?;
        for (name, text) in [(CERTIFICATE, certificate), (KEY, key)] {
            let path = server.folder.path().join(name);
            fs::write(&path, text).expect("a file");
            // The server refuses a key that others may read.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a file");
            server.programs.give_away(&path);
        }
        let mut last = String::new();
        // A port that is free now may be somebody's a moment later.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
            server.port = Some(free.expect("a port").port());
            match server.try_start() {
                Ok(()) => return Some(server),
                Err(log) => last = log,
            }
        }
        panic!("the server did not start:\n{last}");
    }

    fn new() -> Option<Self> {
        let Some(programs) = Programs::find() else {
            let what = "no PostgreSQL server is installed, and its tests are skipped: `apt-get install postgresql` installs one";
            assert!(env::var_os("CI").is_none(), "{what}");
            // Not by a macro: what those print of a test that passes nobody sees.
            let _ = writeln!(io::stderr(), "skipped: {what}");
            return None;
        };
        let server = Self {
            programs,
            folder: tempfile::tempdir().expect("a folder"),
            running: None,
            databases: AtomicUsize::new(0),
            port: None,
        };
        server.initialise();
        Some(server)
    }

    /// Starts it and waits until it takes connections.
    pub(crate) fn start(&mut self) {
        if let Err(log) = self.try_start() {
            panic!("the server did not start:\n{log}");
        }
    }

    /// The error is what it logged before it ended.
    fn try_start(&mut self) -> Result<(), String> {
        let mut command = Command::new(self.programs.path("postgres"));
        command.arg("-D").arg(self.data());
        command.arg("-k").arg(self.folder.path());
        match self.port {
            None => command.args(["-c", "listen_addresses="]),
            Some(port) => {
                let [certificate, key] = [CERTIFICATE, KEY].map(|name| self.folder.path().join(name));
                command
                    .args(["-c", "listen_addresses=127.0.0.1", "-c", "ssl=on", "-p"])
                    .arg(port.to_string())
                    .args(["-c", &format!("ssl_cert_file={}", certificate.display())])
                    .args(["-c", &format!("ssl_key_file={}", key.display())])
            }
        };
        command.args([
            "-c",
            "max_connections=200",
            "-c",
            "lc_messages=C",
            "-c",
            // Of the machine nobody pulls the plug.
            "fsync=off",
        ]);
        let shell = self.programs.command("sh");
        let ready = "ready to accept connections";
        self.running = Some(Running::start(shell, &command, "QUIT", self.folder.path(), ready)?);
        Ok(())
    }

    /// Stops it at once, cutting off its connections, and waits until it has ended.
    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }

    /// The URL of a new, empty database.
    pub(crate) fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url("postgres", &name)
    }

    /// The URL of a database for a user.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        format!(
            "postgres://{user}@localhost/{database}?host={}",
            self.folder.path().display()
        )
    }

    /// The URL of the first database by this name of the machine, with TLS, and with `parameters` behind it.
    pub(crate) fn tls_url(&self, host: &str, parameters: &str) -> String {
        let port = self.port.expect("a server with TLS");
        format!("postgres://postgres@{host}:{port}/postgres?{parameters}")
    }

    /// The folder of its socket.
    pub(crate) fn folder(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// Its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    /// Runs SQL statements in the database of this name or URL, and gives what they print.
    pub(crate) fn sql(&self, database: &str, statements: &str) -> String {
        run(&mut self.psql(database, statements)).trim().to_owned()
    }

    /// The program that does.
    pub(crate) fn psql(&self, database: &str, statements: &str) -> Command {
        let mut command = Command::new(self.programs.path("psql"));
        command.args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
        ]);
        command.args(["--dbname", database, "--username=postgres", "--command", statements]);
        command.arg("--host").arg(self.folder.path());
        command
    }

    fn initialise(&self) {
        self.programs.give_away(self.folder.path());
        let mut command = self.programs.command("initdb");
        command.args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
            "--pgdata",
        ]);
        // Not the order of bytes, on which the stores must not rely.
        command
            .arg(self.data())
            .args(["--locale=C", "--locale-provider=icu", "--icu-locale=en-US"]);
        run(&mut command);
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.remove();
        }
    }
}

/// Where the server's programs are, and who may run them.
struct Programs {
    folder: PathBuf,
    /// The server refuses to run as root: then somebody else.
    user: Option<OsString>,
}

impl Programs {
    fn find() -> Option<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        // Debian has a folder for each version, outside of PATH.
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
        folders.sort_by_key(|folder| version_of(folder));
        folders.reverse();
        folders.extend(env::split_paths(&path));
        let has_all = |folder: &PathBuf| {
            ["postgres", "initdb", "psql"]
                .iter()
                .all(|name| folder.join(name).is_file())
        };
        let folder = folders.into_iter().find(has_all)?;
        let known = |user: &&str| {
            Command::new("id")
                .arg(user)
                .output()
                .is_ok_and(|output| output.status.success())
        };
        let user = is_root().then(|| {
            ["postgres", "nobody"]
                .into_iter()
                .find(known)
                .expect("a user that is not root")
        });
        Some(Self {
            folder,
            user: user.map(OsString::from),
        })
    }

    /// Makes who runs the server the owner of a file or folder.
    fn give_away(&self, path: &Path) {
        if let Some(user) = &self.user {
            run(Command::new("chown").arg(user).arg(path));
        }
    }

    fn path(&self, program: &str) -> PathBuf {
        self.folder.join(program)
    }

    /// Runs one of the programs, or the shell, as who may.
    fn command(&self, program: &str) -> Command {
        let path = if program == "sh" {
            PathBuf::from("sh")
        } else {
            self.path(program)
        };
        let mut command = match &self.user {
            None => Command::new(path),
            Some(user) => {
                let group = run(Command::new("id").arg("-g").arg(user));
                let mut command = Command::new("setpriv");
                command
                    .arg("--reuid")
                    .arg(user)
                    .args(["--regid", group.trim(), "--clear-groups"])
                    .arg(path);
                command
            }
        };
        // Whoever runs the tests may stand in a folder that the other user can't enter.
        command.current_dir("/");
        command
    }
}

/// The number in `/usr/lib/postgresql/15/bin`.
fn version_of(folder: &Path) -> Option<u32> {
    folder.parent()?.file_name()?.to_str()?.parse().ok()
}
