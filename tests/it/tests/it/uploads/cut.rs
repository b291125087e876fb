//! A proxy that breaks a connection at a given byte of the request.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Where a connection breaks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    /// So many bytes of the request arrive.
    After(u64),
    /// The request arrives, and the answer does not.
    BeforeAnswer,
    Never,
}

pub(super) struct CutProxy {
    address: SocketAddr,
    next: Arc<Mutex<Cut>>,
    connections: Arc<AtomicUsize>,
    ended: mpsc::UnboundedReceiver<u64>,
}

impl CutProxy {
    pub(super) async fn start(gateway: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let next = Arc::new(Mutex::new(Cut::Never));
        let connections = Arc::new(AtomicUsize::new(0));
        let (sender, ended) = mpsc::unbounded_channel();
        let (cuts, count) = (Arc::clone(&next), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let (cut, sender) = (*cuts.lock().unwrap(), sender.clone());
                tokio::spawn(async move {
                    let arrived = serve(client, gateway, cut).await;
                    // The test may be over.
                    let _ = sender.send(arrived);
                });
            }
        });
        Self {
            address,
            next,
            connections,
            ended,
        }
    }

    pub(super) fn gateway_url(&self) -> String {
        format!("http://{}/gateway.do", self.address)
    }

    /// Where the next connections break.
    pub(super) fn next(&self, cut: Cut) {
        *self.next.lock().unwrap() = cut;
    }

    /// How many there were.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until the gateway has done with the connection that broke, and gives how many bytes it got.
    pub(super) async fn ended(&mut self) -> u64 {
        self.ended.recv().await.expect("a proxy")
    }
}

async fn serve(mut client: TcpStream, gateway: SocketAddr, cut: Cut) -> u64 {
    let mut gateway = TcpStream::connect(gateway).await.expect("the gateway");
    let last = match cut {
        Cut::After(last) => last,
        Cut::BeforeAnswer => u64::MAX,
        Cut::Never => {
            // Whichever side ends it: the call has been answered by then.
            drop(copy_bidirectional(&mut client, &mut gateway).await);
            return 0;
        }
    };
    let (mut arrived, mut buffer, mut answer) = (0, vec![0; 1 << 16], [0]);
    while arrived < last {
        let most = usize::try_from(last - arrived).map_or(buffer.len(), |most| most.min(buffer.len()));
        tokio::select! {
            read = client.read(&mut buffer[..most]) => {
                let read = read.expect("the client waits for its answer");
                assert!(read > 0, "the client waits for its answer");
                gateway.write_all(&buffer[..read]).await.expect("the gateway reads");
                arrived += read as u64;
            }
            read = gateway.read(&mut answer) => {
                assert_eq!(read.expect("an answer"), 1, "the gateway answers");
                break;
            }
        }
    }
    // At once, whatever the client has yet to send.
    client.set_zero_linger().expect("a socket");
    drop(client);
    gateway.shutdown().await.expect("the gateway listens");
    drop(gateway.read_to_end(&mut buffer).await);
    arrived
}
