//! What a kernel promises beside its results: errors, sharing, and no effects outside its storage.

use std::thread;

use mlevolve_ir::jit::listing;
use mlevolve_ir::ops::{ElementwiseOp, Op};
use mlevolve_ir::{
    Access, Argument, Backend, CompileError, Function, FunctionBuilder, Kernel, Shape,
};

/// Adds the sum of `g` to `m`, and counts calls.
const TEXT: &str = "function accumulate\n\nread g tensor\nread_write m tensor\n\
    read_write calls scalar\nwrite total scalar\n\nv0 = load g\nv1 = load m\nv2 = load calls\n\
    v3 = constant 1.0\nv4 = sum(v0)\nv5 = add(v1, v4)\nv6 = add(v2, v3)\n\n\
    store m = v5\nstore calls = v6\nstore total = v4\n";

fn kernels() -> [Kernel; Backend::ALL.len()] {
    let function = Function::parse(TEXT).unwrap();
    Backend::ALL.map(|backend| Kernel::compile(&function, backend).unwrap())
}

#[test]
fn back_ends_have_names() {
    for backend in Backend::ALL {
        assert_eq!(backend.to_string().parse(), Ok(backend));
    }
    assert_eq!(
        "gpu".parse::<Backend>().unwrap_err().to_string(),
        "there is no back end `gpu`, only `interp`, `jit-quick`, `jit`"
    );
    for (kernel, backend) in kernels().iter().zip(Backend::ALL) {
        assert_eq!(kernel.backend(), backend);
        assert_eq!(kernel.function(), &Function::parse(TEXT).unwrap());
    }
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    for mut kernel in kernels() {
        let (g, long) = ([0.0f32; 16], [0.0f32; 32]);
        let (mut m, mut calls, mut total) = ([0.0f32; 16], [0.0f32], [0.0f32]);
        let mut error = |elements: usize, arguments: &mut [Argument<'_>]| {
            kernel.call(elements, arguments).unwrap_err().to_string()
        };
        assert_eq!(
            error(0, &mut []),
            "function `accumulate` was called on no elements: 1 × 0"
        );
        assert_eq!(
            error(usize::MAX, &mut []),
            "function `accumulate` needs more memory than there is for a tensor of \
             1 × 18446744073709551615"
        );
        assert_eq!(
            error(16, &mut [Argument::Read(&g)]),
            "function `accumulate` takes 4 arguments, not 1"
        );
        let mut other = g;
        assert_eq!(
            error(
                16,
                &mut [
                    Argument::Write(&mut other),
                    Argument::Write(&mut m),
                    Argument::Write(&mut calls),
                    Argument::Write(&mut total),
                ]
            ),
            "parameter `g` has access read, and its argument is for writing"
        );
        assert_eq!(
            error(
                16,
                &mut [
                    Argument::Read(&g),
                    Argument::Read(&other),
                    Argument::Write(&mut calls),
                    Argument::Write(&mut total),
                ]
            ),
            "parameter `m` has access read_write, and its argument is for reading"
        );
        assert_eq!(
            error(
                17,
                &mut [
                    Argument::Read(&long),
                    Argument::Write(&mut m),
                    Argument::Write(&mut calls),
                    Argument::Write(&mut total),
                ]
            ),
            "the argument for tensor `m` must have length 32, not 16"
        );
        assert_eq!(
            error(
                16,
                &mut [
                    Argument::Read(&g),
                    Argument::Write(&mut m),
                    Argument::Write(&mut calls),
                    Argument::Write(&mut other),
                ]
            ),
            "the argument for scalar `total` must have length 1, not 16"
        );
        assert_eq!(calls, [0.0], "a refused call has no effect");
    }
}

#[test]
fn clones_run_side_by_side() {
    for kernel in kernels() {
        let threads: Vec<_> = (0..4u8)
            .map(|index| {
                let mut kernel = kernel.clone();
                thread::spawn(move || {
                    let g = [f32::from(index); 64];
                    let (mut m, mut calls, mut total) = ([0.0; 64], [0.0], [0.0]);
                    for _ in 0..100 {
                        let mut arguments = [
                            Argument::Read(&g),
                            Argument::Write(&mut m),
                            Argument::Write(&mut calls),
                            Argument::Write(&mut total),
                        ];
                        kernel.call(50, &mut arguments).unwrap();
                    }
                    let sum = f32::from(index) * 50.0;
                    assert_eq!(total, [sum]);
                    assert_eq!(m[..50], [100.0 * sum; 50]);
                    assert_eq!(calls, [100.0]);
                })
            })
            .collect();
        drop(kernel);
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

/// Contents change places: nothing is written before everything has been read.
#[test]
fn parameters_can_trade_contents() {
    let text = "function trade\n\nread_write a tensor\nread_write b tensor\nread_write c tensor\n\
        read_write x scalar\nread_write y scalar\n\nv0 = load a\nv1 = load b\nv2 = load c\n\
        v3 = load x\nv4 = load y\n\nstore a = v1\nstore b = v2\nstore c = v0\n\
        store x = v4\nstore y = v3\n";
    let function = Function::parse(text).unwrap();
    for backend in Backend::ALL {
        let mut kernel = Kernel::compile(&function, backend).unwrap();
        let (mut a, mut b, mut c) = ([1.0; 304], [2.0; 304], [3.0; 304]);
        let (mut x, mut y) = ([4.0], [5.0]);
        let mut arguments = [&mut a[..], &mut b, &mut c, &mut x, &mut y].map(Argument::Write);
        kernel.call(300, &mut arguments).unwrap();
        assert_eq!((a[299], b[299], c[299]), (2.0, 3.0, 1.0), "{backend}");
        assert_eq!((x, y), ([5.0], [4.0]), "{backend}");
    }
}

#[test]
fn a_function_without_tensors_or_stores_runs() {
    let empty = FunctionBuilder::new("empty").finish().unwrap();
    let text = "function f\n\nread_write x scalar\n\nv0 = load x\nv1 = neg(v0)\n\nstore x = v1\n";
    let scalar = Function::parse(text).unwrap();
    for backend in Backend::ALL {
        let mut kernel = Kernel::compile(&empty, backend).unwrap();
        kernel.call(1, &mut []).unwrap();
        let mut kernel = Kernel::compile(&scalar, backend).unwrap();
        let mut x = [3.0];
        // No storage is as long as this says, and none is touched.
        kernel
            .call(1 << 40, &mut [Argument::Write(&mut x)])
            .unwrap();
        assert_eq!(x, [-3.0]);
    }
}

/// The greatest functions are bounded in what they cost the compiler, and can still be interpreted.
#[test]
fn native_code_has_a_limit_and_the_interpreter_has_none() {
    let flops = |op: &Op| {
        let cost = op.cost(&vec![Shape::Scalar; op.arity()]);
        cost.unwrap().call_flops()
    };
    let longest = ElementwiseOp::ALL
        .iter()
        .map(|&op| Op::Elementwise(op))
        .max_by_key(flops)
        .unwrap();
    let mut builder = FunctionBuilder::new("great");
    let x = builder
        .parameter("x", Shape::Scalar, Access::ReadWrite)
        .unwrap();
    let mut value = builder.load(x).unwrap();
    for _ in 1..mlevolve_ir::MAX_VALUES {
        value = builder
            .apply(longest, &vec![value; longest.arity()])
            .unwrap();
    }
    builder.store(x, value).unwrap();
    let function = builder.finish().unwrap();
    let error = Kernel::compile(&function, Backend::Jit).unwrap_err();
    assert!(
        matches!(&error, CompileError::TooLarge { function, .. } if function == "great"),
        "{error}"
    );
    let mut kernel = Kernel::compile(&function, Backend::Interpreter).unwrap();
    kernel.call(1, &mut [Argument::Write(&mut [1.0])]).unwrap();
}

#[test]
fn listings_show_both_forms() {
    let function = Function::parse(TEXT).unwrap();
    let listing = listing(&function).unwrap();
    let (cranelift_ir, assembly) = (listing.cranelift_ir, listing.assembly);
    assert!(cranelift_ir.contains("fadd"), "{cranelift_ir}");
    assert!(assembly.contains("block1"), "{assembly}");
}

/// A kernel that leaked would take a page of code at least, 5,000 of them 20 MB.
#[cfg(target_os = "linux")]
#[test]
fn code_memory_is_freed() {
    fn resident_bytes() -> usize {
        let statistics = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages = statistics.split_whitespace().nth(1).unwrap();
        pages.parse::<usize>().unwrap() * 4096
    }
    let function = Function::parse(TEXT).unwrap();
    let compile_and_drop = |times: usize| {
        for _ in 0..times {
            let kernel = Kernel::compile(&function, Backend::Jit).unwrap();
            drop(kernel.clone());
        }
    };
    compile_and_drop(500);
    let before = resident_bytes();
    compile_and_drop(5_000);
    let growth = resident_bytes().saturating_sub(before);
    assert!(growth < 8 << 20, "{growth} bytes more");
}
