//! A MariaDB server of the tests' own: installed on the machine, run in a folder of its own, reached by a Unix socket there, or with TLS on a
//! port of 127.0.0.1. With `ALIPAY_TEST_MYSQL_SOCKET`, the tests that share one take that server instead, such as one of MySQL 8.0, whose `root`
//! needs no password.

use std::{
    env, fs,
    io::{self, Write as _},
    net::TcpListener,
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
    /// Holds its data.
    folder: TempDir,
    socket: PathBuf,
    running: Option<Running>,
    databases: AtomicUsize,
    /// With TLS.
    port: Option<u16>,
}

/// The server that all tests share, with databases of their own; `None`, and a line that says why, where none is installed.
pub(crate) fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED
        .get_or_init(|| match env::var_os("ALIPAY_TEST_MYSQL_SOCKET") {
            Some(socket) => Some(Server::at(socket.into(), tempfile::tempdir().expect("a folder"))),
            None => Server::start_new(),
        })
        .as_ref()
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
            fs::write(server.folder.path().join(name), text).expect("a file");
        }
        let mut last = String::new();
        // A port that is free now may be somebody's a moment later.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
            server.port = Some(free.expect("a port").port());
            match server.try_start() {
                Ok(()) => {
                    server.sql("", "CREATE DATABASE tls");
                    return Some(server);
                }
                Err(log) => last = log,
            }
        }
        panic!("the server did not start:\n{last}");
    }

    fn at(socket: PathBuf, folder: TempDir) -> Self {
        Self {
            folder,
            socket,
            running: None,
            databases: AtomicUsize::new(0),
            port: None,
        }
    }

    fn new() -> Option<Self> {
        let is_there = |path: PathBuf| path.is_file();
        let path = env::var_os("PATH").unwrap_or_default();
        let found = |program: &str| env::split_paths(&path).any(|folder| is_there(folder.join(program)));
        if !(found("mariadb-install-db") && found("mariadb") && (found(SERVER) || Path::new(OUTSIDE_PATH).is_file())) {
            let what = "no MariaDB server is installed, and its tests are skipped: `apt-get install mariadb-server` installs one";
            assert!(env::var_os("CI").is_none(), "{what}");
            // Not by a macro: what those print of a test that passes nobody sees.
            let _ = writeln!(io::stderr(), "skipped: {what}");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("mysqld.sock");
        let server = Self::at(socket, folder);
        let mut command = Command::new("mariadb-install-db");
        command.args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]);
        server.common(&mut command);
        run(&mut command);
        Some(server)
    }

    /// What the server and the program that prepares its folder both need.
    fn common(&self, command: &mut Command) {
        command.arg(format!("--datadir={}", self.folder.path().join("data").display()));
        // It refuses to run as root unless it is told to.
        if is_root() {
            command.arg("--user=root");
        }
    }

    /// Starts it and waits until it takes connections.
    pub(crate) fn start(&mut self) {
        if let Err(log) = self.try_start() {
            panic!("the server did not start:\n{log}");
        }
    }

    /// The error is what it logged before it ended.
    fn try_start(&mut self) -> Result<(), String> {
        // Debian keeps it out of some users' PATH.
        let program = if Path::new(OUTSIDE_PATH).is_file() {
            OUTSIDE_PATH
        } else {
            SERVER
        };
        let mut server = Command::new(program);
        server.arg("--no-defaults");
        self.common(&mut server);
        server.arg(format!("--socket={}", self.socket.display()));
        server.arg(format!("--pid-file={}", self.folder.path().join("pid").display()));
        match self.port {
            None => _ = server.arg("--skip-networking"),
            Some(port) => {
                server.args(["--bind-address=127.0.0.1", &format!("--port={port}")]);
                for (option, name) in [("ssl-cert", CERTIFICATE), ("ssl-key", KEY)] {
                    server.arg(format!("--{option}={}", self.folder.path().join(name).display()));
                }
            }
        }
        server.args([
            "--max-connections=300",
            // Of the machine nobody pulls the plug.
            "--innodb-flush-log-at-trx-commit=2",
        ]);
        // Settings that a server may have, and that a store must not suffer from.
        server.args([
            "--autocommit=0",
            "--sql-mode=",
            "--default-storage-engine=MyISAM",
            "--character-set-server=latin1",
            "--default-time-zone=+08:00",
            "--transaction-isolation=SERIALIZABLE",
        ]);
        let shell = Command::new("sh");
        let ready = "ready for connections";
        self.running = Some(Running::start(shell, &server, "KILL", self.folder.path(), ready)?);
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
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        self.sql("", &format!("CREATE DATABASE {name} COLLATE utf8mb4_general_ci"));
        self.url("root", &name)
    }

    /// The URL of a database for a user.
    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        format!("mysql://{user}@localhost/{database}?socket={}", self.socket.display())
    }

    /// The URL of the database `tls` by this name of the machine, with TLS, and with `parameters` behind it.
    pub(crate) fn tls_url(&self, host: &str, parameters: &str) -> String {
        let port = self.port.expect("a server with TLS");
        format!("mysql://root@{host}:{port}/tls?{parameters}")
    }

    /// Runs SQL statements in the database of this URL, or in none, and gives what they print.
    pub(crate) fn sql(&self, url: &str, statements: &str) -> String {
        run(&mut self.client(url, statements)).trim().to_owned()
    }

    /// The program that does.
    pub(crate) fn client(&self, url: &str, statements: &str) -> Command {
        let path = url.rsplit_once("localhost/").map_or("", |(_, path)| path);
        let database = path.split('?').next().unwrap_or_default();
        let mut command = Command::new("mariadb");
        command.args([
            "--no-defaults",
            "--user=root",
            "--batch",
            "--skip-column-names",
            "--skip-ssl",
        ]);
        command.arg(format!("--socket={}", self.socket.display()));
        command.arg(format!("--database={database}"));
        command
            .arg("--execute")
            .arg(format!("SET autocommit = 1; {statements}"));
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.remove();
        }
    }
}

const SERVER: &str = "mariadbd";
const OUTSIDE_PATH: &str = "/usr/sbin/mariadbd";
