//! The certificates of test servers and their users, made with `openssl`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};

/// A folder with `ca`, `server` (127.0.0.1 and localhost), `callboard` (a client with callboard's
/// groups), `impostor` (as `server`, but signed by `impostor-ca`) and `sa`, which signs tokens.
#[derive(Debug, Clone)]
pub struct Pki {
    folder: PathBuf,
}

impl Pki {
    pub(super) fn create(folder: &Path) -> anyhow::Result<Self> {
        let pki = Self { folder: folder.to_owned() };
        pki.openssl("ecparam -name prime256v1 -genkey -noout -out sa.key")?;
        pki.openssl("ec -in sa.key -pubout -out sa.pub")?;
        pki.self_signed("ca", "/CN=test-ca", "basicConstraints=critical,CA:TRUE")?;
        pki.self_signed("impostor-ca", "/CN=another-ca", "basicConstraints=critical,CA:TRUE")?;
        let server = "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth";
        pki.leaf("server", "ca", "/CN=kube-apiserver", server)?;
        pki.leaf("impostor", "impostor-ca", "/CN=kube-apiserver", server)?;
        let subject = "/O=callboard-readers/CN=callboard-cert";
        pki.leaf("callboard", "ca", subject, "extendedKeyUsage=clientAuth")?;
        Ok(pki)
    }

    /// A certificate, PEM.
    pub fn certificate(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.crt"))
    }

    /// Its key, PEM.
    pub fn key(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }

    fn self_signed(&self, name: &str, subject: &str, extension: &str) -> anyhow::Result<()> {
        self.openssl(&format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
             -keyout {name}.key -out {name}.crt -subj {subject} -addext {extension}"
        ))
    }

    fn leaf(&self, name: &str, ca: &str, subject: &str, extensions: &str) -> anyhow::Result<()> {
        fs::write(self.folder.join(format!("{name}.ext")), extensions)?;
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key \
             -out {name}.csr -subj {subject}"
        ))?;
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {ca}.crt -CAkey {ca}.key -CAcreateserial -days 30 \
             -out {name}.crt -extfile {name}.ext"
        ))
    }

    fn openssl(&self, arguments: &str) -> anyhow::Result<()> {
        let mut command = Command::new("openssl");
        command.args(arguments.split_whitespace()).current_dir(&self.folder);
        let output = command.stdin(Stdio::null()).output().context("openssl does not start")?;
        if !output.status.success() {
            bail!("openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }
}
