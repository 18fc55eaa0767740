//! Small sets of pictures whose classes a small network learns in a second.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::io::BufRead as _;
use std::process::{Child, Stdio};

use counterpoise::bundled::FASHION_MNIST;
use serde_json::Value;

use crate::folder::Folder;

/// Height and width.
pub(crate) const SIDE: usize = 12;

/// A grey picture of noise with a bright block, whose place says which of three classes it is.
pub(crate) fn picture(class: usize, number: u64) -> Vec<u8> {
    let mut state = number * 7919 + class as u64 * 104_729 + 1;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 57) as u8
    };
    (0..SIDE * SIDE)
        .map(|place| {
            let bright = place / SIDE / 4 == class && place % SIDE / 4 == class;
            noise() / 2 + if bright { 180 } else { 20 }
        })
        .collect()
}

/// The files of MNIST: pictures and labels, for counts of the classes; numbers of pictures start at `first`.
pub(crate) fn idx(counts: &[usize], first: u64) -> (Vec<u8>, Vec<u8>) {
    let total: usize = counts.iter().sum();
    let number = |value: usize| u32::try_from(value).expect("it is small").to_be_bytes();
    let mut pictures = [number(0x803), number(total), number(SIDE), number(SIDE)].concat();
    let mut labels = [number(0x801), number(total)].concat();
    for (class, &count) in counts.iter().enumerate() {
        for place in 0..count {
            pictures.extend(picture(class, first + place as u64));
            labels.push(class as u8);
        }
    }
    (pictures, labels)
}

/// A folder `p` with 60, 30 and 8 training pictures of three classes, and ten test pictures of each.
pub(crate) fn three_classes() -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("p")).expect("the folder is ours");
    for (name, counts, first) in [("train", [60, 30, 8], 0), ("t10k", [10, 10, 10], 1000)] {
        let (pictures, labels) = idx(&counts, first);
        folder.write(&format!("p/{name}-images-idx3-ubyte"), pictures);
        folder.write(&format!("p/{name}-labels-idx1-ubyte"), labels);
    }
    folder
}

/// A folder with the pictures that come with the program.
pub(crate) fn clothes() -> Folder {
    let folder = Folder::new();
    for (file, bytes) in FASHION_MNIST.files() {
        folder.write(file, bytes);
    }
    folder
}

/// The numbers of a network: everything behind the header, which tells how it was trained.
pub(crate) fn weights(folder: &Folder, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(folder.path(name)).expect(name);
    let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
    bytes[8 + usize::try_from(header).expect("it is small")..].to_vec()
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Starts a command and waits until it has said something.
pub(crate) fn started(folder: &Folder, words: &str, said: &str) -> Child {
    let mut child = folder
        .command()
        .args(words.split(' '))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = std::io::BufReader::new(child.stderr.as_mut().expect("it is piped"));
    let mut line = String::new();
    while !line.contains(said) {
        line.clear();
        let length = lines.read_line(&mut line).expect("stderr is text");
        assert!(length > 0, "{words} ended without a word of {said}");
    }
    child
}

/// Ctrl-C, after which a command ends with its own code.
#[cfg(unix)]
pub(crate) fn interrupt(child: &mut Child) {
    let sent = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(sent.expect("there is a kill").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

/// A PNG of any kind, not compressed.
pub(crate) fn png(side: u32, depth: u8, colour: u8, palette: &[u8], lines: &[u8]) -> Vec<u8> {
    let mut raw = Vec::new();
    for line in lines.chunks(lines.len() / side as usize) {
        raw.push(0);
        raw.extend(line);
    }
    let (mut low, mut high) = (1_u32, 0_u32);
    for &byte in &raw {
        low = (low + u32::from(byte)) % 65521;
        high = (high + low) % 65521;
    }
    let length = u16::try_from(raw.len()).expect("it is small");
    let mut packed = vec![0x78, 0x01, 1];
    packed.extend(length.to_le_bytes());
    packed.extend((!length).to_le_bytes());
    packed.extend(&raw);
    packed.extend(((high << 16) | low).to_be_bytes());
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut head = [side.to_be_bytes(), side.to_be_bytes()].concat();
    head.extend([depth, colour, 0, 0, 0]);
    for (name, body) in [
        (b"IHDR", &head[..]),
        (b"PLTE", palette),
        (b"IDAT", &packed),
        (b"IEND", &[]),
    ] {
        if name == b"PLTE" && body.is_empty() {
            continue;
        }
        let start = file.len() + 4;
        file.extend(u32::try_from(body.len()).expect("it is small").to_be_bytes());
        file.extend(name);
        file.extend(body);
        let sum = crc(&file[start..]);
        file.extend(sum.to_be_bytes());
    }
    file
}

fn crc(bytes: &[u8]) -> u32 {
    let mut sum = !0_u32;
    for &byte in bytes {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                (sum >> 1) ^ 0xEDB8_8320
            } else {
                sum >> 1
            };
        }
    }
    !sum
}

/// Networks of DeepSMOTE that are there in no time.
pub(crate) const SMALL: &str =
    "--width 4 --latent-size 8 --decoder mirror --rate 0.005 --set deepsmote.batch_size=20";

/// Fits on 60, 30 and 8 pictures of three classes.
pub(crate) fn fitted(more: &str) -> Folder {
    let folder = three_classes();
    folder.ok(format!("deepsmote fit p {SMALL} --epochs 2 --quiet --output m.safetensors {more}").trim_end());
    folder
}
