//! `cargo xtask check --heavy`: checks that bring gigabytes, each run when something that it looks at has changed.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::shell::{cache, cargo, root, run, target};
use crate::{peer, tools};

struct Stage {
    name: &'static str,
    work: Work,
    /// What it looks at.
    of: &'static [&'static str],
}

enum Work {
    /// Runs a script with the binary beside packages of Python.
    Script {
        requirements: &'static str,
        script: &'static str,
    },
    /// Runs tests that need a graphics card, or a program that plays one.
    Tests(&'static [&'static str]),
    /// Runs tests in an interpreter that notices undefined behaviour.
    Miri(&'static str),
}

/// A compiler that has Miri.
const NIGHTLY: &str = "nightly-2026-05-20";

/// Stands for the packages, with versions and features, that networks are built from.
const PACKAGES: &str = "packages of counterpoise-deep";

const STAGES: [Stage; 3] = [
    Stage {
        name: "networks in PyTorch",
        work: Work::Script {
            requirements: "bench/requirements-torch.txt",
            script: "tools/heavy/networks_in_pytorch.py",
        },
        of: &[
            "bench/requirements-torch.txt",
            "tools/heavy/networks_in_pytorch.py",
            "crates/deep/src",
            "crates/kernels",
            "crates/data/src/images",
            "crates/counterpoise/src/images",
            PACKAGES,
        ],
    },
    Stage {
        name: "unsafe code under Miri",
        work: Work::Miri("--package counterpoise-deep --lib kernels::kept"),
        of: &["crates/deep/src/kernels/kept.rs"],
    },
    Stage {
        name: "networks on a graphics card",
        work: Work::Tests(&[
            "test --release --package counterpoise-deep --features wgpu --lib -- kernels device portable",
            "test --release --package counterpoise-deep --features wgpu --test graphics_card",
            "test --release --package counterpoise-cli --features wgpu --test graphics_card",
            "test --release --package counterpoise-cli --features wgpu --test guides -- graphics_card",
        ]),
        of: &[
            "crates/deep",
            "crates/kernels",
            "crates/counterpoise/src/images",
            "crates/counterpoise/src/networks",
            "crates/counterpoise/src/tables",
            "crates/counterpoise/src/device.rs",
            "crates/counterpoise/Cargo.toml",
            "crates/cli/tests/graphics_card.rs",
            "crates/cli/tests/guides.rs",
            "docs/guide/graphics-card.md",
            "crates/cli/Cargo.toml",
            PACKAGES,
        ],
    },
];

/// Runs every stage whose files have changed since it passed here, or every stage.
pub(crate) fn all(whatever_changed: bool) -> Result<()> {
    for stage in STAGES {
        let (mark, wanted) = (stage.mark()?, stage.fingerprint()?);
        let name = stage.name;
        if !whatever_changed && std::fs::read_to_string(&mark).is_ok_and(|passed| passed == wanted) {
            println!(
                "== {name}: passed before, and nothing that it looks at has changed (`--all` runs it anyway)"
            );
            continue;
        }
        println!("== {name}");
        let start = Instant::now();
        if let Some(reason) = stage.work.run().with_context(|| format!("stage `{name}`"))? {
            println!("skipped: {name}, for {reason}");
            continue;
        }
        std::fs::write(&mark, wanted)?;
        println!("{name}: passed in {:.1} s", start.elapsed().as_secs_f64());
    }
    Ok(())
}

impl Work {
    /// Fails if it does not pass; returns why it cannot be done here.
    fn run(&self) -> Result<Option<String>> {
        match *self {
            Self::Script { requirements, script } => {
                // It is a peer, and the product does without: where it cannot be had, this says so.
                let python = match peer::python(requirements) {
                    Ok(python) => python,
                    Err(error) => return Ok(Some(format!("{requirements} cannot be installed: {error:#}"))),
                };
                run(&mut cargo("build --release"))?;
                run(Command::new(python)
                    .arg(script)
                    .arg(target().join("release/counterpoise"))
                    .current_dir(root()))?;
            }
            Self::Tests(tests) => {
                if let Some(reason) = tools::graphics_card()? {
                    return Ok(Some(reason));
                }
                for words in tests {
                    let mut command = cargo(words);
                    // A program that plays a card takes minutes to try every way of doing things.
                    if std::env::var_os("CUBECL_AUTOTUNE_LEVEL").is_none() {
                        command.env("CUBECL_AUTOTUNE_LEVEL", "minimal");
                    }
                    run(&mut command)?;
                }
            }
            Self::Miri(tests) => {
                if !tools::is_there("rustup") {
                    return Ok(Some("Miri comes by rustup, which is not in the path".to_owned()));
                }
                let wanted = ["toolchain", "install", NIGHTLY, "--profile", "minimal"];
                let mut install = Command::new("rustup");
                install.args(wanted).args(["--component", "miri,rust-src"]);
                if let Err(error) = run(&mut install) {
                    return Ok(Some(format!("{NIGHTLY} cannot be installed: {error:#}")));
                }
                let mut miri = Command::new("cargo");
                miri.arg(format!("+{NIGHTLY}"))
                    .args(["miri", "test"])
                    .args(tests.split(' '))
                    .env("MIRIFLAGS", "-Zmiri-disable-isolation")
                    .env("CARGO_TARGET_DIR", cache()?.join("miri"))
                    // What started this names another compiler.
                    .env_remove("RUSTUP_TOOLCHAIN")
                    .env_remove("CARGO")
                    .current_dir(root());
                run(&mut miri)?;
            }
        }
        Ok(None)
    }
}

impl Stage {
    fn mark(&self) -> Result<PathBuf> {
        let folder = cache()?.join("heavy");
        std::fs::create_dir_all(&folder)?;
        Ok(folder.join(format!("{}.txt", self.name.replace(' ', "-"))))
    }

    fn fingerprint(&self) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        for path in self.of {
            if *path == PACKAGES {
                let words = "tree --package counterpoise-deep --features wgpu --edges normal,build --prefix none --format {p}:{f}";
                let listed = cargo(words).output().context("cargo tree")?;
                anyhow::ensure!(listed.status.success(), "cargo tree lists no packages");
                // Folders of our own crates differ from clone to clone.
                for line in String::from_utf8_lossy(&listed.stdout)
                    .lines()
                    .filter(|line| !line.contains("(/"))
                {
                    hasher.write(line.as_bytes());
                }
            } else {
                take_in(&root().join(path), &mut hasher)?;
            }
        }
        Ok(format!("{:016x}", hasher.finish()))
    }
}

/// Names and contents of a file, or of all files below a folder.
fn take_in(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    if !path.is_dir() {
        let name = path.file_name().unwrap_or_default();
        hasher.write(name.as_encoded_bytes());
        hasher.write(&std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?);
        return Ok(());
    }
    let mut below: Vec<PathBuf> = std::fs::read_dir(path)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    below.sort();
    below.iter().try_for_each(|path| take_in(path, hasher))
}
