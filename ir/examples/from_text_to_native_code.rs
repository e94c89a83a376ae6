//! A function, from its text to native code, and to its derivative.
//!
//! ```text
//! cargo run -p mlevolve-ir --example from_text_to_native_code
//! ```

use std::error::Error;

use mlevolve_ir::{ACCUMULATORS, Argument, Backend, Function, Kernel, autodiff, jit, passes};

/// The mean of the squares of w − 1, in more words than it needs.
const BOWL: &str = "function bowl
read w tensor
write loss scalar

v0 = load w
v1 = constant 1.0
v2 = mul(v0, v1)
v3 = sub(v2, v1)
v4 = sub(v0, v1)
v5 = mul(v3, v4)
v6 = mean(v5)

store loss = v6
";

fn main() -> Result<(), Box<dyn Error>> {
    // Text becomes a function, and errors name the line.
    let written = Function::parse(BOWL)?;
    let misspelt = BOWL.replace("mean(", "maen(");
    if let Err(error) = Function::parse(&misspelt) {
        println!("What the parser says of a slip:\n{error}\n");
    }

    // Passes take work out of it. What it computes stays the same, to the bit.
    let function = passes::optimise(&written);
    println!("{function}");
    println!(
        "cost: {} as written, {} now\n",
        written.cost(),
        function.cost()
    );

    // Four numbers. Storage is padded to whole vectors.
    let mut w = [0.0; ACCUMULATORS];
    w[..4].copy_from_slice(&[0.5, 1.0, 1.5, 3.0]);
    let mut losses = Vec::new();
    for backend in Backend::ALL {
        let mut kernel = Kernel::compile(&function, backend)?;
        let mut loss = [0.0];
        kernel.call(4, &mut [Argument::Read(&w), Argument::Write(&mut loss)])?;
        println!("{backend}: {}", loss[0]);
        losses.push(loss[0].to_bits());
    }
    assert!(losses.iter().all(|&bits| bits == losses[0]));

    // Its gradient is a function too, with one parameter more.
    let index = |name| function.index_of(name).ok_or("it has such a parameter");
    let gradient = autodiff::gradient(&function, index("loss")?, &[index("w")?])?;
    let gradient = passes::optimise(&gradient);
    println!("\n{gradient}");
    let mut kernel = Kernel::compile(&gradient, Backend::Jit)?;
    let (mut loss, mut slope) = ([0.0], [0.0; ACCUMULATORS]);
    let arguments = &mut [
        Argument::Read(&w),
        Argument::Write(&mut loss),
        Argument::Write(&mut slope),
    ];
    kernel.call(4, arguments)?;
    println!("slope: {:?}", &slope[..4]);
    assert_eq!(slope[..4], [-0.25, 0.0, 0.25, 1.0]);

    // What native code it is.
    println!("\n{}", jit::listing(&function)?.assembly);
    Ok(())
}

#[test]
fn it_runs() -> Result<(), Box<dyn Error>> {
    main()
}
