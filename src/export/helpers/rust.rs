// Functions that exported Rust code calls. Not part of any crate: each is copied into the exports that need it.

fn sign(a: f32) -> f32 {
    if a > 0.0 { 1.0 } else if a < 0.0 { -1.0 } else { a }
}

/// The smaller; NaN if either is.
fn minimum(a: f32, b: f32) -> f32 {
    if a.is_nan() || b.is_nan() { f32::NAN } else { a.min(b) }
}

/// The greater; NaN if either is.
fn maximum(a: f32, b: f32) -> f32 {
    if a.is_nan() || b.is_nan() { f32::NAN } else { a.max(b) }
}

fn exp10(a: f32) -> f32 {
    10.0_f64.powf(f64::from(a)) as f32
}

/// 1 / (1 + e^-a), without overflow.
fn sigmoid(a: f32) -> f32 {
    let small = (-a.abs()).exp();
    if a < 0.0 { small / (1.0 + small) } else { 1.0 / (1.0 + small) }
}

/// ln(1 + e^a), without overflow.
fn softplus(a: f32) -> f32 {
    if a.is_nan() { a } else { a.max(0.0) + (-a.abs()).exp().ln_1p() }
}

/// a to the power b as the exponential of a logarithm: NaN for a < 0, 0^0, inf^0 and 1^inf.
fn powr(a: f32, b: f32) -> f32 {
    let undefined = a < 0.0
        || b == 0.0 && (a == 0.0 || a.is_infinite())
        || a == 1.0 && b.is_infinite()
        || a.is_nan()
        || b.is_nan();
    if undefined { f32::NAN } else { a.abs().powf(b) }
}

/// 1 - erf(a), for a >= 0.
fn complementary_error(a: f64) -> f64 {
    if a < 2.0 {
        // The power series of erf, all of whose terms are positive.
        let (mut term, mut sum) = (a, a);
        for n in 1..60 {
            term *= 2.0 * a * a / f64::from(2 * n + 1);
            sum += term;
        }
        1.0 - std::f64::consts::FRAC_2_SQRT_PI * (-a * a).exp() * sum
    } else {
        // Laplace's continued fraction, from its end.
        let mut fraction = a;
        for n in (1..80).rev() {
            fraction = a + f64::from(n) / 2.0 / fraction;
        }
        (-a * a).exp() / fraction * std::f64::consts::FRAC_2_SQRT_PI / 2.0
    }
}

fn erf(a: f32) -> f32 {
    if a.is_nan() || a == 0.0 {
        return a;
    }
    if a.abs() < 0.5 {
        // The complement would lose the last bits.
        let a = f64::from(a);
        let (mut term, mut sum) = (a, a);
        for n in 1..20 {
            term *= 2.0 * a * a / f64::from(2 * n + 1);
            sum += term;
        }
        return (std::f64::consts::FRAC_2_SQRT_PI * (-a * a).exp() * sum) as f32;
    }
    (1.0 - complementary_error(f64::from(a.abs()))).copysign(f64::from(a)) as f32
}

/// a times the distribution function of the standard normal distribution.
fn gelu(a: f32) -> f32 {
    if a.is_nan() {
        return a;
    }
    if a == f32::NEG_INFINITY {
        return -0.0;
    }
    let tail = complementary_error(f64::from(a.abs()) * std::f64::consts::FRAC_1_SQRT_2) / 2.0;
    (f64::from(a) * if a < 0.0 { tail } else { 1.0 - tail }) as f32
}

fn transpose(a: &Matrix) -> Matrix {
    Matrix::from_fn(a.columns, a.rows, |row, column| a.at(column, row))
}

fn trace(a: &Matrix) -> f32 {
    (0..a.rows).map(|index| a.at(index, index)).sum()
}

fn scaled_identity(a: f32, b: &Matrix) -> Matrix {
    Matrix::from_fn(b.rows, b.rows, |row, column| if row == column { a } else { 0.0 })
}

fn diagonal(a: &Matrix) -> Matrix {
    Matrix::from_fn(a.rows, 1, |row, _| a.at(row, row))
}

fn diagonal_matrix(a: &Matrix) -> Matrix {
    Matrix::from_fn(a.rows, a.rows, |row, column| if row == column { a[row] } else { 0.0 })
}

fn by_rows(a: &Matrix, reduce: impl Fn(&mut dyn Iterator<Item = f32>) -> f32) -> Matrix {
    Matrix::from_fn(a.rows, 1, |row, _| reduce(&mut (0..a.columns).map(|column| a.at(row, column))))
}

fn by_columns(a: &Matrix, reduce: impl Fn(&mut dyn Iterator<Item = f32>) -> f32) -> Matrix {
    Matrix::from_fn(1, a.columns, |_, column| reduce(&mut (0..a.rows).map(|row| a.at(row, column))))
}

fn row_sums(a: &Matrix) -> Matrix {
    by_rows(a, |row| row.sum())
}

fn column_sums(a: &Matrix) -> Matrix {
    by_columns(a, |column| column.sum())
}

fn row_maxima(a: &Matrix) -> Matrix {
    by_rows(a, |row| row.fold(f32::NEG_INFINITY, maximum))
}

fn column_maxima(a: &Matrix) -> Matrix {
    by_columns(a, |column| column.fold(f32::NEG_INFINITY, maximum))
}

fn row_means(a: &Matrix) -> Matrix {
    by_rows(a, |row| row.sum::<f32>() / a.columns as f32)
}

fn column_means(a: &Matrix) -> Matrix {
    by_columns(a, |column| column.sum::<f32>() / a.rows as f32)
}

fn row_norms(a: &Matrix) -> Matrix {
    by_rows(a, |row| row.map(|x| x * x).sum::<f32>().sqrt())
}

fn column_norms(a: &Matrix) -> Matrix {
    by_columns(a, |column| column.map(|x| x * x).sum::<f32>().sqrt())
}

fn row_stds(a: &Matrix) -> Matrix {
    let means = row_means(a);
    Matrix::from_fn(a.rows, 1, |row, _| {
        let squares = (0..a.columns).map(|column| (a.at(row, column) - means[row]).powi(2));
        (squares.sum::<f32>() / a.columns as f32).sqrt()
    })
}

fn broadcast_column(a: &Matrix, b: &Matrix) -> Matrix {
    Matrix::from_fn(b.rows, b.columns, |row, _| a[row])
}

fn broadcast_row(a: &Matrix, b: &Matrix) -> Matrix {
    Matrix::from_fn(b.rows, b.columns, |_, column| a[column])
}

/// a with `number` for one element: of equal parts of [0, 1], row by row, the one in whose part `place` is.
fn set_element(a: &Matrix, place: f32, number: f32) -> Matrix {
    let mut result = a.clone();
    let index = (f64::from(place) * a.len() as f64) as usize;
    result.data[index.min(a.len() - 1)] = number;
    result
}

fn matmul(a: &Matrix, b: &Matrix) -> Matrix {
    Matrix::from_fn(a.rows, b.columns, |row, column| {
        (0..a.columns).map(|index| a.at(row, index) * b.at(index, column)).sum()
    })
}

/// a to the power -1/degree by coupled Newton steps (Guo and Higham 2006), for a positive definite a.
fn inverse_root(a: &Matrix, degree: usize) -> Matrix {
    inverse_root_and_derivative(a, a, degree)[0].clone()
}

/// The derivative of `inverse_root` at a in a symmetric direction.
fn inverse_root_derivative(a: &Matrix, direction: &Matrix, degree: usize) -> Matrix {
    inverse_root_and_derivative(a, direction, degree)[1].clone()
}

fn inverse_root_and_derivative(a: &Matrix, direction: &Matrix, degree: usize) -> [Matrix; 2] {
    let n = a.rows;
    let sum = |a: &Matrix, b: &Matrix| Matrix::from_fn(n, n, |row, column| a.at(row, column) + b.at(row, column));
    let scaled = |scale: f32, a: &Matrix| Matrix::from_fn(n, n, |row, column| scale * a.at(row, column));
    let identity = |scale: f32| Matrix::from_fn(n, n, |row, column| if row == column { scale } else { 0.0 });
    let scale = (degree as f32 + 1.0) / (2.0 * a.iter().map(|x| x * x).sum::<f32>().sqrt());
    let of_degree = 1.0 / degree as f32;
    let (mut x, mut m) = (identity(scale.powf(of_degree)), scaled(scale, a));
    let (mut dx, mut dm) = (identity(0.0), scaled(scale, direction));
    let mut distance = f32::INFINITY;
    for _ in 0..40 {
        let step = sum(&identity(1.0 + of_degree), &scaled(-of_degree, &m));
        let dstep = scaled(-of_degree, &dm);
        dx = sum(&matmul(&dx, &step), &matmul(&x, &dstep));
        x = matmul(&x, &step);
        let (mut power, mut dpower) = (step, dstep);
        for _ in 0..degree / 2 {
            dpower = sum(&matmul(&dpower, &power), &matmul(&power, &dpower));
            power = matmul(&power, &power);
        }
        dm = sum(&matmul(&dpower, &m), &matmul(&power, &dm));
        m = matmul(&power, &m);
        let before = distance;
        distance = sum(&m, &identity(-1.0)).iter().fold(0.0, |greatest, x| maximum(greatest, x.abs()));
        if !(distance > 1e-6 && distance < 1.2 * before) {
            break;
        }
    }
    [x, dx]
}

/// Two random words for each element, by Philox-2x32-10 (Salmon et al. 2011).
fn random_words(first_key: f32, second_key: f32, place: usize) -> [u32; 2] {
    let bits = |key: f32| if key.is_nan() { f32::NAN.to_bits() } else { key.to_bits() };
    let (mut high, mut low, mut key) = (place as u32, bits(first_key), bits(second_key));
    for _ in 0..10 {
        let product = 0xd256_d193_u64 * u64::from(high);
        (high, low) = ((product >> 32) as u32 ^ key ^ low, product as u32);
        key = key.wrapping_add(0x9e37_79b9);
    }
    [high, low]
}

fn unit_interval(word: u32) -> f32 {
    (word >> 8) as f32 / 16_777_216.0
}

/// Uniform random numbers in [0, 1), the same for the same keys.
fn uniform(first_key: f32, second_key: f32, like: &Matrix) -> Matrix {
    Matrix::each(like.rows, like.columns, |i| unit_interval(random_words(first_key, second_key, i)[0]))
}

/// Standard normal random numbers, the same for the same keys.
fn normal(first_key: f32, second_key: f32, like: &Matrix) -> Matrix {
    Matrix::each(like.rows, like.columns, |i| {
        let [radius, angle] = random_words(first_key, second_key, i);
        let radius = (-2.0 * (1.0 - unit_interval(radius)).ln()).sqrt();
        radius * (std::f32::consts::TAU * unit_interval(angle)).cos()
    })
}

/// The root of the mean square distance from the mean.
fn std(a: &Matrix) -> f32 {
    let mean = a.iter().sum::<f32>() / a.len() as f32;
    (a.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / a.len() as f32).sqrt()
}

fn cosine(a: &Matrix, b: &Matrix) -> f32 {
    let norm = |a: &Matrix| a.iter().map(|x| x * x).sum::<f32>().sqrt();
    a.iter().zip(b.iter()).map(|(x, y)| x * y).sum::<f32>() / (norm(a) * norm(b))
}

/// a scaled down to the norm `most`, if its own is greater.
fn clip_norm(a: &Matrix, most: f32) -> Matrix {
    let norm = a.iter().map(|x| x * x).sum::<f32>().sqrt();
    let scale = if most < norm { most / norm } else { 1.0 };
    Matrix::each(a.rows, a.columns, |i| a[i] * scale)
}

/// The logarithm of the sum of exponentials, without overflow.
fn log_sum_exp(a: &Matrix) -> f32 {
    let greatest = a.iter().copied().fold(f32::NEG_INFINITY, maximum);
    greatest + a.iter().map(|x| (x - greatest).exp()).sum::<f32>().ln()
}

/// Exponentials over their sum, without overflow.
fn softmax(a: &Matrix) -> Matrix {
    let sum = log_sum_exp(a);
    Matrix::each(a.rows, a.columns, |i| (a[i] - sum).exp())
}

/// The softmax of each row.
fn row_softmax(a: &Matrix) -> Matrix {
    let sums = row_log_sum_exp(a);
    Matrix::from_fn(a.rows, a.columns, |row, column| (a.at(row, column) - sums[row]).exp())
}

/// The logarithm of the sum of exponentials of each row, as a column.
fn row_log_sum_exp(a: &Matrix) -> Matrix {
    let greatest = row_maxima(a);
    Matrix::from_fn(a.rows, 1, |row, _| {
        let powers = (0..a.columns).map(|column| (a.at(row, column) - greatest[row]).exp());
        greatest[row] + powers.sum::<f32>().ln()
    })
}

/// Nearly the orthogonal matrix next to a, by five Newton-Schulz steps (Jordan 2024, "Muon").
fn newton_schulz(a: &Matrix) -> Matrix {
    let norm = a.iter().map(|x| x * x).sum::<f32>().sqrt() + 1e-7;
    let mut x = Matrix::each(a.rows, a.columns, |i| a[i] / norm);
    for _ in 0..5 {
        let y = matmul(&x, &transpose(&x));
        let square = matmul(&y, &y);
        let moved = matmul(&Matrix::each(y.rows, y.columns, |i| -4.775 * y[i] + 2.0315 * square[i]), &x);
        x = Matrix::each(a.rows, a.columns, |i| 3.4445 * x[i] + moved[i]);
    }
    x
}
