use counterpoise_base::ImageShape;

use crate::common::{codes_of, folder, put, read, told};

/// An array of NumPy with one line of a header.
fn npy(header: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{header}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
}

#[test]
fn arrays_of_numpy_are_read_in_every_order() {
    let folder = folder();
    let (images, labels) = (folder.path().join("x.npy"), folder.path().join("y.npy"));
    let check = |kind: &str, order: &str, shape: &str, values: &[u8], expected: (ImageShape, &[u8])| {
        put(
            &images,
            &npy(
                &format!("{{'descr': '{kind}', 'fortran_order': {order}, 'shape': {shape}, }}"),
                values,
            ),
        );
        put(
            &labels,
            &npy(
                "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 1), }",
                &[2, 0, 0, 0, 0, 0, 0, 0],
            ),
        );
        let found = read(&images).expect(kind);
        assert_eq!((found.set.images.shape(), found.set.images.as_slice()), expected);
        assert_eq!(codes_of(&found), ["2"]);
    };
    let grey = ImageShape::new(1, 2, 3);
    check(
        "|u1",
        "False",
        "(1, 2, 3)",
        &[1, 2, 3, 4, 5, 6],
        (grey, &[1, 2, 3, 4, 5, 6]),
    );
    check(
        "|u1",
        "True",
        "(1, 2, 3)",
        &[1, 4, 2, 5, 3, 6],
        (grey, &[1, 2, 3, 4, 5, 6]),
    );
    check(
        "|u1",
        "False",
        "(1, 1, 2, 3)",
        &[1, 2, 3, 4, 5, 6],
        (ImageShape::new(3, 1, 2), &[1, 4, 2, 5, 3, 6]),
    );
    check(
        ">i2",
        "False",
        "(1, 1, 2)",
        &[0, 200, 0, 3],
        (ImageShape::new(1, 1, 2), &[200, 3]),
    );
    let halves: Vec<u8> = [0.0_f32, 0.5]
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    check(
        "<f4",
        "False",
        "(1, 1, 2)",
        &halves,
        (ImageShape::new(1, 1, 2), &[0, 128]),
    );

    let refused = |header: &str, values: &[u8], expected: &str| {
        put(&images, &npy(header, values));
        let error = told(read(&images));
        assert!(error.contains(expected), "{error}");
    };
    refused(
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 3), }",
        &[1],
        "it breaks off",
    );
    refused(
        "{'descr': '|O', 'fortran_order': False, 'shape': (1, 2, 3), }",
        &[1],
        "values of type `|O` are not read",
    );
    refused(
        "{'descr': '|u1', 'fortran_order': False, 'shape': (6,), }",
        &[1; 6],
        "it is (6), and pictures have 3 or 4",
    );
    refused(
        "{'descr': '<', 'fortran_order': False, 'shape': (6,), }",
        &[1; 6],
        "values of type `<`",
    );
    refused("{'descr': '|u1'}", &[1; 6], "its header cannot be read");
    let negative: Vec<u8> = [-1.0_f32, 1.0]
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    refused(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 2), }",
        &negative,
        "lie between -1 and 1",
    );
}
