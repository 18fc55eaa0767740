//! `cargo xtask flame`: where the time of an epoch goes, as a picture for the docs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{cache, cargo, root, run};
use crate::tools;

/// Work of `counterpoise-bench`, its steps, and the words above the picture.
const WORKS: [(&str, usize, &str); 2] = [
    (
        "resnet32-step",
        40,
        "ResNet-32, 40 steps of 128 pictures of 3x32x32",
    ),
    (
        "autoencoder-step",
        16,
        "DeepSMOTE, 16 steps of 100 pictures of 1x28x28 and a class batch beside it",
    ),
];

/// Times every work with names and frames of functions, and draws where its time went.
pub(crate) fn all() -> Result<()> {
    if !tools::is_there("perf") {
        bail!("`perf` is not in the path; on Debian it is in the package `linux-perf`");
    }
    let folder = cache()?.join("flame");
    // Other flags, so another folder: what the tests use stays as it is.
    let target = folder.join("target");
    std::fs::create_dir_all(&folder)?;
    run(cargo("build --release --package counterpoise-bench")
        .env(
            "RUSTFLAGS",
            "-C force-frame-pointers=yes -C symbol-mangling-version=v0",
        )
        .env("CARGO_TARGET_DIR", &target))?;
    for (work, steps, title) in WORKS {
        let (request, record) = (folder.join("request.json"), folder.join("perf.data"));
        std::fs::write(&request, format!("{{\"deep\":\"{work}\",\"steps\":{steps}}}\n"))?;
        run(Command::new("perf")
            .args([
                "record",
                "--quiet",
                "--freq",
                "499",
                "--call-graph",
                "fp",
                "--output",
            ])
            .arg(&record)
            .arg("--")
            .arg(target.join("release/counterpoise-bench"))
            .stdin(File::open(&request)?))?;
        let told = Command::new("perf")
            .args(["script", "--no-inline", "--fields", "comm,ip,sym", "--input"])
            .arg(&record)
            .output()?;
        let picture = root().join(format!("docs/pictures/flame-{work}.svg"));
        std::fs::write(
            &picture,
            Node::of(&String::from_utf8_lossy(&told.stdout)).drawn(title)?,
        )?;
        println!("{}", picture.display());
    }
    Ok(())
}

/// Samples of a function, and of those it called.
#[derive(Debug, Default)]
struct Node {
    samples: usize,
    called: BTreeMap<String, Node>,
}

const WIDTH: f64 = 1000.0;
const LINE: f64 = 17.0;
/// Shares of the whole below which nothing is drawn.
const SMALL: f64 = 0.003;

impl Node {
    /// The samples that `perf script` tells, each a stack from the innermost function outwards.
    fn of(told: &str) -> Self {
        let mut all = Self::default();
        for sample in told.split("\n\n") {
            let frames = sample
                .lines()
                .filter(|line| line.starts_with(char::is_whitespace));
            let mut names: Vec<String> = frames.filter_map(name).collect();
            names.dedup();
            let mut node = &mut all;
            node.samples += 1;
            for name in names.into_iter().rev() {
                node = node.called.entry(name).or_default();
                node.samples += 1;
            }
        }
        all
    }

    fn depth(&self, all: usize) -> usize {
        let drawn = self.called.values().filter(|node| node.is_drawn(all));
        drawn.map(|node| 1 + node.depth(all)).max().unwrap_or(0)
    }

    fn is_drawn(&self, all: usize) -> bool {
        self.samples as f64 >= SMALL * all as f64
    }

    fn drawn(&self, title: &str) -> Result<String> {
        let lines = self.depth(self.samples) + 1;
        let height = LINE * lines as f64 + 70.0;
        let mut svg = String::new();
        writeln!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"11\">"
        )?;
        writeln!(svg, "<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>")?;
        writeln!(
            svg,
            "<text x=\"4\" y=\"18\" font-size=\"14\">{}</text>",
            escaped(title)
        )?;
        let mut left = 4.0;
        for (colour, what) in KINDS.iter().map(|kind| (kind.1, kind.2)).chain([OTHERS]) {
            writeln!(
                svg,
                "<rect x=\"{left}\" y=\"28\" width=\"12\" height=\"12\" fill=\"{colour}\"/>"
            )?;
            writeln!(svg, "<text x=\"{}\" y=\"38\">{what}</text>", left + 16.0)?;
            left += 40.0 + 6.0 * what.len() as f64;
        }
        self.draw("all", 0.0, WIDTH, 50.0, self.samples, &mut svg)?;
        svg.push_str("</svg>\n");
        Ok(svg)
    }

    fn draw(&self, name: &str, left: f64, width: f64, top: f64, all: usize, svg: &mut String) -> Result<()> {
        let colour = KINDS
            .iter()
            .find(|kind| kind.0.iter().any(|part| name.contains(part)))
            .map_or(OTHERS.0, |kind| kind.1);
        let share = 100.0 * self.samples as f64 / all as f64;
        let room = ((width - 4.0) / 6.2).max(0.0) as usize;
        let shown: String = if name.chars().count() <= room {
            name.to_owned()
        } else {
            name.chars().take(room.saturating_sub(1)).chain(['…']).collect()
        };
        write!(
            svg,
            "<g><title>{} {share:.1} %</title><rect x=\"{left:.1}\" y=\"{top:.0}\" width=\"{width:.1}\" height=\"16\" fill=\"{colour}\" stroke=\"#fff\" stroke-width=\"0.5\"/>",
            escaped(name)
        )?;
        if room > 3 {
            write!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.0}\">{}</text>",
                left + 2.0,
                top + 12.0,
                escaped(&shown)
            )?;
        }
        svg.push_str("</g>\n");
        let mut left = left;
        for (name, node) in &self.called {
            let width = width * node.samples as f64 / self.samples as f64;
            if node.is_drawn(all) {
                node.draw(name, left, width, top + LINE, all, svg)?;
            }
            left += width;
        }
        Ok(())
    }
}

/// Parts of names, their colour, and what they are.
const KINDS: [(&[&str], &str, &str); 3] = [
    (&["counterpoise_kernels"], "#f4a65c", "kernels"),
    (&["counterpoise"], "#f7d08a", "counterpoise"),
    (
        &["burn", "gemm", "macerator"],
        "#9cc4e4",
        "Burn and what it brings",
    ),
];
const OTHERS: (&str, &str) = ("#d8d8d8", "the system");

/// Parts of names of functions that only pass work on.
const PASSING: [&str; 8] = [
    "rayon",
    "core::",
    "std::",
    "alloc::",
    "pulp",
    "_start",
    "__libc",
    "start_thread",
];

/// The name in a line of a stack; absent for what only passes work on.
fn name(line: &str) -> Option<String> {
    let (_, name) = line.trim().split_once(' ')?;
    let name = name.split('+').next().unwrap_or(name).trim();
    // Closures and the like are their function's.
    let own = name.split("::{").next().unwrap_or(name);
    let passes = |name: &str| {
        let name = name.trim_start_matches('<');
        PASSING.iter().any(|part| name.starts_with(part))
    };
    if own != "[unknown]" && !passes(own) {
        return Some(own.to_owned());
    }
    // What passes on work of a kernel may be all that is left of it, for it was compiled in place.
    let kernel = &name[name.find("counterpoise_kernels::")?..];
    let end = kernel.find(['<', '>', ',', '{', ' ']).unwrap_or(kernel.len());
    Some(kernel[..end].trim_end_matches(':').to_owned())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "\
bench 
\t  55 counterpoise_kernels::weights::weight_gradient::{closure#0}+0x12
\t  54 rayon_core::join::join_context
\t  53 <pulp::x86::v4::V4>::vectorize::imp::<<pulp::Simd>::vectorize::Impl<counterpoise_kernels::weights::Job>>
\t  53 counterpoise_deep::train::train

bench 
\t  57 __memset+0x1
\t  53 counterpoise_deep::train::train
";

    #[test]
    fn stacks_become_a_tree_without_what_passes_work_on() {
        let all = Node::of(TOLD);
        assert_eq!(all.samples, 2);
        let train = &all.called["counterpoise_deep::train::train"];
        assert_eq!(train.samples, 2);
        let called: Vec<&str> = train.called.keys().map(String::as_str).collect();
        assert_eq!(called, ["__memset", "counterpoise_kernels::weights::Job"]);
        let svg = all.drawn("a < b").unwrap();
        assert!(
            svg.contains("a &lt; b") && svg.contains("__memset 50.0 %"),
            "{svg}"
        );
    }
}
