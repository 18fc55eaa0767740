use crate::common::{folder, grey_png, put, read, read_with, told};

#[test]
fn what_is_no_picture_is_told_with_what_to_type() {
    let folder = folder();
    let error = told(read(&folder.path().join("nowhere")));
    assert!(error.contains("check the path"), "{error}");
    let error = told(read(folder.path()));
    assert!(
        error.contains("is not recognised") && error.contains("`--format`: idx"),
        "{error}"
    );
    put(&folder.path().join("loose.png"), &grey_png(1, 1, 1));
    let error = told(read(folder.path()));
    assert!(
        error.contains("lie in no folder of a class") && error.contains("PICTURES/cat/1.png"),
        "{error}"
    );
    put(
        &folder.path().join("v73.mat"),
        &[b"MATLAB 7.3 MAT-file".to_vec(), vec![b' '; 200]].concat(),
    );
    let error = told(read(&folder.path().join("v73.mat")));
    assert!(error.contains("HDF5; save it with `-v7`"), "{error}");
    put(&folder.path().join("a.npz"), b"PK\x03\x04 and no more");
    assert!(read(&folder.path().join("a.npz")).is_err());
    let error = told(read_with(folder.path(), |options| options.size = Some((0, 5))));
    assert!(error.contains("`size = [0, 5]` is out of range"), "{error}");
}
