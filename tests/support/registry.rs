//! A registry of images on loopback: Debian's `docker-registry`, which Docker trusts without TLS
//! there.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running registry; gone when it is dropped.
pub struct Registry {
    pub port: u16,
    child: Child,
    _dir: tempfile::TempDir,
}

impl Registry {
    /// An empty registry.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let config = dir.path().join("config.yml");
        let storage = dir.path().join("storage");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: \"127.0.0.1:{port}\"}}\n",
            storage.display()
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program docker-registry is missing: make test installs it (apt-get install docker-registry)");
        let registry = Self {
            port,
            child,
            _dir: dir,
        };
        registry.wait_until_it_listens();
        registry
    }

    /// Pushes a local image under this name; gives the name to pull it by.
    pub fn push(&self, image: &str, name: &str) -> String {
        use super::docker::docker;
        let full = format!("127.0.0.1:{}/{name}", self.port);
        docker(&["tag", image, &full]);
        docker(&["push", "-q", &full]);
        docker(&["rmi", &full]);
        full
    }

    fn wait_until_it_listens(&self) {
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the registry does not listen after 10 s");
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
