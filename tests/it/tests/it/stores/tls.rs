//! Servers over a network: TLS with a certificate of the test's own.

use std::{fs, path::PathBuf, process::Command};

use alipay_api::isv::store::{MySqlStore, PostgresStore, StoreError, StoreErrorKind};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::{key, put, token};
use crate::{mysql_server, postgres_server::Server};

/// An authority, and a certificate of its for `localhost`, in a folder.
struct Authority(TempDir);

impl Authority {
    fn new() -> Self {
        let authority = Self(tempfile::tempdir().unwrap());
        let new_key = ["-newkey", "rsa:2048", "-nodes", "-days", "2"];
        authority.openssl(&[
            &[
                "req",
                "-x509",
                "-keyout",
                "ca.key",
                "-out",
                "ca.pem",
                "-subj",
                "/CN=Test CA",
            ],
            &new_key[..],
        ]);
        authority.openssl(&[
            &[
                "req",
                "-new",
                "-keyout",
                "server.key",
                "-out",
                "server.csr",
                "-subj",
                "/CN=localhost",
            ],
            &new_key[..3],
        ]);
        fs::write(authority.path("extensions"), "subjectAltName=DNS:localhost").unwrap();
        authority.openssl(&[&[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-set_serial",
            "1",
            "-days",
            "2",
            "-extfile",
            "extensions",
            "-out",
            "server.crt",
        ]]);
        authority
    }

    fn openssl(&self, arguments: &[&[&str]]) {
        let output = Command::new("openssl")
            .current_dir(self.0.path())
            .args(arguments.concat())
            .output()
            .expect("these tests make certificates with the `openssl` command line: `apt-get install openssl`");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn server(&self) -> Option<Server> {
        let [certificate, key] = self.of_server();
        Server::start_with_tls(&certificate, &key)
    }

    fn mysql_server(&self) -> Option<mysql_server::Server> {
        let [certificate, key] = self.of_server();
        mysql_server::Server::start_with_tls(&certificate, &key)
    }

    /// The server's certificate and key.
    fn of_server(&self) -> [String; 2] {
        ["server.crt", "server.key"].map(|name| fs::read_to_string(self.path(name)).unwrap())
    }

    /// The parameters that demand a certificate of this authority.
    fn demanded(&self) -> String {
        format!("sslmode=verify-full&sslrootcert={}", self.path("ca.pem").display())
    }

    /// The same of MySQL.
    fn demanded_of_mysql(&self) -> String {
        format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={}", self.path("ca.pem").display())
    }
}

async fn refusal(url: &str) -> StoreError {
    PostgresStore::connect(url, &key()).await.expect_err("it is refused")
}

#[tokio::test]
async fn a_server_is_believed_by_its_certificate_alone() {
    let authority = Authority::new();
    let Some(server) = authority.server() else {
        return;
    };
    let url = server.tls_url("localhost", &format!("{}&application_name=shop", authority.demanded()));
    let store = PostgresStore::connect(&url, &key()).await.unwrap();
    put(&store, "shop", "first").await;
    assert_eq!(token(&store, "shop").await, "first");
    let encrypted = "SELECT bool_and(ssl), count(*) > 0 FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE application_name = 'shop'";
    assert_eq!(server.sql(&url.replace("=shop", "=psql"), encrypted), "t|t");

    // Somebody else's authority; the right one for another name; and the machine's own, which know nothing of it.
    let other = Authority::new();
    for url in [
        server.tls_url("localhost", &other.demanded()),
        server.tls_url("127.0.0.1", &authority.demanded()),
        server.tls_url("localhost", "sslmode=verify-full"),
        server.tls_url("localhost", &other.demanded().replace("full", "ca")),
    ] {
        let error = refusal(&url).await;
        assert_eq!(error.kind(), StoreErrorKind::Configuration, "{url}: {error:?}");
        let message = error.to_string();
        assert!(message.contains("certificate"), "{url}: {message}: {error:?}");
    }
    // The name is another matter where only the authority is demanded.
    let url = server.tls_url("127.0.0.1", &authority.demanded().replace("full", "ca"));
    assert_eq!(
        token(&PostgresStore::connect(&url, &key()).await.unwrap(), "shop").await,
        "first"
    );
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_has_no_tls_where_it_is_demanded() {
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 0xD2, 0x16, 0x2F];

    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 8];
        stream.read_exact(&mut request).await.unwrap();
        stream.write_all(b"N").await.unwrap();
        let mut rest = Vec::new();
        // Until the client closes the connection.
        stream.read_to_end(&mut rest).await.unwrap();
        (request, rest)
    });
    let url = format!(
        "postgres://me:hunter2@localhost:{port}/postgres?{}",
        authority.demanded()
    );
    let error = refusal(&url).await;
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert_eq!(seen.await.unwrap(), (SSL_REQUEST, Vec::new()));
}

#[tokio::test]
async fn a_mysql_server_is_believed_by_its_certificate_alone() {
    let authority = Authority::new();
    let Some(server) = authority.mysql_server() else {
        return;
    };
    let url = server.tls_url("localhost", &authority.demanded_of_mysql());
    let store = MySqlStore::connect(&url, &key()).await.unwrap();
    put(&store, "shop", "first").await;
    assert_eq!(token(&store, "shop").await, "first");

    // Somebody else's authority; the right one for another name; and the machine's own, which know nothing of it.
    let other = Authority::new();
    for url in [
        server.tls_url("localhost", &other.demanded_of_mysql()),
        server.tls_url("127.0.0.1", &authority.demanded_of_mysql()),
        server.tls_url("localhost", "ssl-mode=VERIFY_IDENTITY"),
        server.tls_url("localhost", &other.demanded_of_mysql().replace("IDENTITY", "CA")),
    ] {
        let error = MySqlStore::connect(&url, &key()).await.expect_err("it is refused");
        assert_eq!(error.kind(), StoreErrorKind::Configuration, "{url}: {error:?}");
        let message = error.to_string();
        assert!(message.contains("certificate"), "{url}: {message}: {error:?}");
    }
    // The name is another matter where only the authority is demanded, and without any, nothing is checked.
    for parameters in [authority.demanded_of_mysql().replace("IDENTITY", "CA"), String::new()] {
        let store = MySqlStore::connect(&server.tls_url("127.0.0.1", &parameters), &key())
            .await
            .unwrap();
        assert_eq!(token(&store, "shop").await, "first");
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_mysql_server_that_has_no_tls_where_it_is_demanded() {
    // Protocol 10, an old client's salt, and of what a server can do: the protocol of 4.1, passwords by salt, and plugins; no TLS.
    const GREETING: &[u8] = b"\x0a8.0.0\0\x01\0\0\0saltsalt\0\0\x82\x21\x02\0\x08\0\x15\0\0\0\0\0\0\0\0\0\0saltsaltsalt\0mysql_native_password\0";

    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let length = u8::try_from(GREETING.len()).unwrap();
        stream
            .write_all(&[&[length, 0, 0, 0], GREETING].concat())
            .await
            .unwrap();
        let mut sent = Vec::new();
        // Until the client closes the connection.
        stream.read_to_end(&mut sent).await.unwrap();
        sent
    });
    let url = format!(
        "mysql://me:hunter2@localhost:{port}/tokens?{}",
        authority.demanded_of_mysql()
    );
    let error = MySqlStore::connect(&url, &key()).await.expect_err("it is refused");
    assert_eq!(error.kind(), StoreErrorKind::Configuration, "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert_eq!(seen.await.unwrap(), b"");
}
