//! Debian's packages: installed, or only unpacked.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use crate::steps::succeed;

/// Installs packages; false if that did not work.
pub(super) fn install(packages: &[&str]) -> bool {
    println!("installing {}", packages.join(" "));
    let update = apt_get(&["update", "-qq"]);
    let install = ["install", "-qq", "-y", "--no-install-recommends"];
    let installed = update && apt_get(&[&install, packages].concat());
    if !installed {
        println!("apt-get could not install {}", packages.join(" "));
    }
    installed
}

/// Unpacks a package of this machine's release into `folder`: nothing is installed, no service is
/// started.
pub(super) fn unpack(package: &str, folder: &Path) -> anyhow::Result<()> {
    println!("unpacking {package}");
    let download = folder.with_extension("download");
    fs::create_dir_all(&download)?;
    if !download_to(package, &download) {
        apt_get(&["update", "-qq"]);
        anyhow::ensure!(download_to(package, &download), "apt-get could not download {package}");
    }
    for file in fs::read_dir(&download)? {
        succeed(Command::new("dpkg").arg("-x").arg(file?.path()).arg(folder))?;
    }
    fs::remove_dir_all(&download)?;
    Ok(())
}

fn download_to(package: &str, folder: &Path) -> bool {
    let mut command = Command::new("apt-get");
    command.args(["-qq", "-o", "APT::Sandbox::User=root", "download", package]);
    succeed(command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null())).is_ok()
}

fn apt_get(args: &[&str]) -> bool {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let mut command = if is_root {
        Command::new("apt-get")
    } else {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
        sudo
    };
    command
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
