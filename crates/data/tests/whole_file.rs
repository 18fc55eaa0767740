//! Removing what is being written concerns all files of a process, so that it is tested in one of its own.

use std::io::Write;

use counterpoise_data::{WholeFile, remove_partial_files};

#[test]
fn a_program_that_ends_at_once_leaves_no_partial_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let files = || std::fs::read_dir(folder.path()).expect("it is ours").count();
    let mut done = WholeFile::create(&folder.path().join("done")).expect("it is ours");
    done.write_all(b"all of it")
        .and_then(|()| done.finish())
        .expect("there is room");
    let mut half = WholeFile::create(&folder.path().join("half")).expect("it is ours");
    half.write_all(b"half of").expect("there is room");
    assert_eq!(files(), 2);
    remove_partial_files();
    assert_eq!(files(), 1);
    assert!(folder.path().join("done").exists());
}
