//! One certificate authority for all clusters of a lab, made by OpenSSL.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::steps::succeed;

/// What every key is: small and fast.
const KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// A certificate with its key, PEM files both.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    /// The certificate.
    pub(crate) file: PathBuf,
    /// Its key.
    pub(crate) key: PathBuf,
}

/// The certificates in a folder.
#[derive(Debug, Clone)]
pub(crate) struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes them all.
    pub(crate) fn make(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let made = Self { folder: folder.to_owned() };
        let key = ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "accounts.key"];
        made.openssl(&key)?;
        made.openssl(&["ec", "-in", "accounts.key", "-pubout", "-out", "accounts.pub"])?;
        let ca =
            ["-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-days", "30", "-subj", "/CN=lab"];
        made.openssl(&[&["req", "-x509"], KEY.as_slice(), &ca].concat())?;
        let server = "extendedKeyUsage=serverAuth\nsubjectAltName=";
        made.leaf("server", "/CN=server", &format!("{server}IP:127.0.0.1,DNS:localhost"))?;
        made.leaf("stranger", "/CN=stranger", &format!("{server}DNS:other.example.test"))?;
        made.leaf("reader", "/O=callboard-readers/CN=reader", "extendedKeyUsage=clientAuth")?;
        Ok(made)
    }

    /// What everybody trusts.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// For 127.0.0.1.
    pub(crate) fn server(&self) -> Certificate {
        self.named("server")
    }

    /// From the same authority, for another host.
    pub(crate) fn stranger(&self) -> Certificate {
        self.named("stranger")
    }

    /// A client of the group `callboard-readers`.
    pub(crate) fn reader(&self) -> Certificate {
        self.named("reader")
    }

    /// The pair that signs tokens of service accounts: public part, then key.
    pub(crate) fn accounts(&self) -> Certificate {
        Certificate {
            file: self.folder.join("accounts.pub"),
            key: self.folder.join("accounts.key"),
        }
    }

    fn named(&self, name: &str) -> Certificate {
        let file = |end: &str| self.folder.join(format!("{name}.{end}"));
        Certificate { file: file("crt"), key: file("key") }
    }

    fn leaf(&self, name: &str, subject: &str, extensions: &str) -> anyhow::Result<()> {
        let file = |end: &str| format!("{name}.{end}");
        let (request, key) = (file("csr"), file("key"));
        let more = ["-nodes", "-keyout", &key, "-out", &request, "-subj", subject];
        self.openssl(&[&["req"], KEY.as_slice(), &more].concat())?;
        fs::write(self.folder.join(file("ext")), extensions)?;
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-out",
            &file("crt"),
            "-extfile",
            &file("ext"),
        ])
    }

    fn openssl(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        succeed(command.stdout(Stdio::null()).stderr(Stdio::null()))
    }
}
