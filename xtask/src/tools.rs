//! Programs that the check needs; they are installed once, outside the clone.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::shell::{cache, cargo, root, run};

/// A tool from crates.io, at one version.
#[derive(Clone, Copy)]
pub(crate) struct Tool {
    package: &'static str,
    binary: &'static str,
    version: &'static str,
}

pub(crate) const TYPOS: Tool = Tool {
    package: "typos-cli",
    binary: "typos",
    version: "1.52.0",
};

pub(crate) const DENY: Tool = Tool {
    package: "cargo-deny",
    binary: "cargo-deny",
    version: "0.20.2",
};

pub(crate) const ALL: [Tool; 2] = [TYPOS, DENY];

impl Tool {
    fn path(self) -> Result<PathBuf> {
        let folder = cache()?.join(format!("tools/{}-{}", self.package, self.version));
        Ok(folder.join("bin").join(self.binary))
    }

    /// Builds the tool if this version is not there yet.
    pub(crate) fn install(self) -> Result<()> {
        let path = self.path()?;
        if path.is_file() {
            return Ok(());
        }
        println!("installing {} {}, once", self.package, self.version);
        let folder = path.ancestors().nth(2).unwrap_or(Path::new("."));
        let mut command = cargo("install --locked --quiet");
        command
            .arg(self.package)
            .args(["--version", self.version, "--root"])
            .arg(folder);
        // Its objects are of no use to the workspace.
        run(command.env_remove("CARGO_TARGET_DIR"))
    }

    /// The tool with arguments, in the workspace.
    pub(crate) fn command(self, words: &str) -> Result<Command> {
        let mut command = Command::new(self.path()?);
        command.args(words.split_whitespace()).current_dir(root());
        Ok(command)
    }
}

const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Sees to a browser for the tests of pages; returns why there is none.
pub(crate) fn chromium() -> Result<Option<String>> {
    if browser().is_some() {
        return Ok(None);
    }
    if !installs_packages() {
        let reason = "skipped: pages are not read in a browser; install Chromium, or name one in CHROMIUM";
        return Ok(Some(reason.into()));
    }
    install_package("chromium")?;
    Ok(None)
}

/// Where drivers of Vulkan name themselves.
const DRIVERS: [&str; 3] = [
    "/usr/share/vulkan/icd.d",
    "/etc/vulkan/icd.d",
    "/usr/local/share/vulkan/icd.d",
];

/// Sees to a graphics card, or Mesa's program that plays one; returns why there is none.
pub(crate) fn graphics_card() -> Result<Option<String>> {
    let named = |folder: &str| std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
    if cfg!(not(target_os = "linux"))
        || std::env::var_os("VK_DRIVER_FILES").is_some()
        || DRIVERS.iter().any(|folder| named(folder))
    {
        return Ok(None);
    }
    if !installs_packages() {
        return Ok(Some(
            "there is no driver of Vulkan; install `mesa-vulkan-drivers`, or the driver of a card".into(),
        ));
    }
    install_package("mesa-vulkan-drivers")?;
    Ok(None)
}

/// Whether packages of Debian can be installed by this user.
fn installs_packages() -> bool {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n");
    is_root && is_there("apt-get")
}

fn install_package(name: &str) -> Result<()> {
    println!("installing {name}, once");
    let apt = |words: &str| {
        let mut command = Command::new("apt-get");
        command
            .args(words.split(' '))
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdout(Stdio::null());
        run(&mut command)
    };
    // Another program may be installing something just now.
    apt("update --quiet -o DPkg::Lock::Timeout=300")?;
    apt(&format!(
        "install -o DPkg::Lock::Timeout=300 --quiet --yes --no-install-recommends {name}"
    ))
}

/// A Chromium: what `CHROMIUM` names, else the first in the path.
pub(crate) fn browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    named.or_else(|| BROWSERS.into_iter().find_map(in_path))
}

/// Whether a program is in the path.
pub(crate) fn is_there(name: &str) -> bool {
    in_path(name).is_some()
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
