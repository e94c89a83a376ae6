use super::*;

const STREAM: Address = Address {
    base: Base::STREAMS[1],
    displacement: 0x40,
};
const FAR: Address = Address {
    base: Base::FRAME,
    displacement: 0x4000,
};

fn check(width: Width, cases: &[(Vector, &[u8])]) {
    for (vector, expected) in cases {
        let mut bytes = Bytes::new();
        encode(width, vector, &mut bytes);
        assert_eq!(bytes.as_slice(), *expected, "{vector:?}");
    }
}

fn numbered(vector: Vector, number: u8) -> Vector {
    Vector {
        number: Some(number),
        ..vector
    }
}

fn masked(vector: Vector, mask: u8) -> Vector {
    Vector { mask, ..vector }
}

// Bytes are those of the GNU assembler.
#[test]
fn instructions_of_512_bits_are_as_the_assembler_has_them() {
    check(
        Width::Bits512,
        &[
            // vaddps zmm1, zmm2, zmm3
            (
                Vector::new(Opcode::ADD, 1, 2, Operand::register(3)),
                &[0x62, 0xf1, 0x6c, 0x48, 0x58, 0xcb],
            ),
            // vmulps zmm17, zmm26, zmm29
            (
                Vector::new(Opcode::MUL, 17, 26, Operand::register(29)),
                &[0x62, 0x81, 0x2c, 0x40, 0x59, 0xcd],
            ),
            // vsubps zmm9, zmm31, [r10 + 0x40]
            (
                Vector::new(Opcode::SUB, 9, 31, Operand::memory(STREAM)),
                &[0x62, 0x51, 0x04, 0x40, 0x5c, 0x4a, 0x01],
            ),
            // vmovups zmm20, [rcx + 0x4000]
            (
                Vector::new(Opcode::LOAD, 20, 0, Operand::memory(FAR)),
                &[0x62, 0xe1, 0x7c, 0x48, 0x10, 0xa1, 0, 0x40, 0, 0],
            ),
            // vmovups [r10 + 0x40], zmm12
            (
                Vector::new(Opcode::STORE, 12, 0, Operand::memory(STREAM)),
                &[0x62, 0x51, 0x7c, 0x48, 0x11, 0x62, 0x01],
            ),
            // vmovaps zmm30, zmm9
            (
                Vector::new(Opcode::MOVE, 30, 0, Operand::register(9)),
                &[0x62, 0x41, 0x7c, 0x48, 0x28, 0xf1],
            ),
            // vcmpltps k3, zmm20, [rcx + 0x4000]
            (
                numbered(Vector::new(Opcode::COMPARE, 3, 20, Operand::memory(FAR)), 1),
                &[0x62, 0xf1, 0x5c, 0x40, 0xc2, 0x99, 0, 0x40, 0, 0, 1],
            ),
            // vblendmps zmm18{k3}, zmm1, zmm27
            (
                masked(
                    Vector::new(Opcode::MASKED_BLEND, 18, 1, Operand::register(27)),
                    3,
                ),
                &[0x62, 0x82, 0x75, 0x4b, 0x65, 0xd3],
            ),
            // vfmadd231ps zmm25, zmm3, [r10 + 0x40]
            (
                Vector::new(Opcode::MULTIPLY_ADD, 25, 3, Operand::memory(STREAM)),
                &[0x62, 0x42, 0x65, 0x48, 0xb8, 0x4a, 0x01],
            ),
            // vrndscaleps zmm4, zmm21, 8
            (
                numbered(Vector::new(Opcode::ROUND, 4, 0, Operand::register(21)), 8),
                &[0x62, 0xb3, 0x7d, 0x48, 0x08, 0xe5, 8],
            ),
            // vpslld zmm19, zmm22, 23
            (
                numbered(Vector::new(Opcode::SHIFT, 6, 19, Operand::register(22)), 23),
                &[0x62, 0xb1, 0x65, 0x40, 0x72, 0xf6, 23],
            ),
        ],
    );
}

#[test]
fn instructions_of_256_bits_are_as_the_assembler_has_them() {
    check(
        Width::Bits256,
        &[
            // vaddps ymm1, ymm2, ymm3
            (
                Vector::new(Opcode::ADD, 1, 2, Operand::register(3)),
                &[0xc4, 0xe1, 0x6c, 0x58, 0xcb],
            ),
            // vmulps ymm13, ymm10, ymm9
            (
                Vector::new(Opcode::MUL, 13, 10, Operand::register(9)),
                &[0xc4, 0x41, 0x2c, 0x59, 0xe9],
            ),
            // vsubps ymm9, ymm1, [r10 + 0x40]
            (
                Vector::new(Opcode::SUB, 9, 1, Operand::memory(STREAM)),
                &[0xc4, 0x41, 0x74, 0x5c, 0x4a, 0x40],
            ),
            // vmovups ymm10, [rcx + 0x4000]
            (
                Vector::new(Opcode::LOAD, 10, 0, Operand::memory(FAR)),
                &[0xc4, 0x61, 0x7c, 0x10, 0x91, 0, 0x40, 0, 0],
            ),
            // vcmpltps ymm3, ymm10, [rcx + 0x4000]
            (
                numbered(Vector::new(Opcode::COMPARE, 3, 10, Operand::memory(FAR)), 1),
                &[0xc4, 0xe1, 0x2c, 0xc2, 0x99, 0, 0x40, 0, 0, 1],
            ),
            // vblendvps ymm8, ymm1, ymm12, ymm5
            (
                numbered(
                    Vector::new(Opcode::BLEND, 8, 1, Operand::register(12)),
                    5 << 4,
                ),
                &[0xc4, 0x43, 0x75, 0x4a, 0xc4, 0x50],
            ),
            // vfmadd231ps ymm15, ymm3, [r10 + 0x40]
            (
                Vector::new(Opcode::MULTIPLY_ADD, 15, 3, Operand::memory(STREAM)),
                &[0xc4, 0x42, 0x65, 0xb8, 0x7a, 0x40],
            ),
            // vroundps ymm4, ymm11, 8
            (
                numbered(Vector::new(Opcode::ROUND, 4, 0, Operand::register(11)), 8),
                &[0xc4, 0xc3, 0x7d, 0x08, 0xe3, 8],
            ),
            // vpsrad ymm2, ymm10, 7
            (
                numbered(Vector::new(Opcode::SHIFT, 4, 2, Operand::register(10)), 7),
                &[0xc4, 0xc1, 0x6d, 0x72, 0xe2, 7],
            ),
        ],
    );
}

#[test]
fn results_can_go_elsewhere_afterwards() {
    let operands = [Operand::register(13), Operand::memory(FAR)];
    for (width, operand) in [Width::Bits256, Width::Bits512]
        .into_iter()
        .flat_map(|width| operands.map(|operand| (width, operand)))
    {
        for (one, other) in [(1, 14), (15, 2), (9, 8)].into_iter().chain(
            [(3, 30), (31, 17), (22, 6)]
                .into_iter()
                .filter(|_| width == Width::Bits512),
        ) {
            let encoded = |register| {
                let mut bytes = Bytes::new();
                let vector = Vector::new(Opcode::ADD, register, 7, operand);
                encode(width, &vector, &mut bytes);
                bytes
            };
            let mut code = encoded(one);
            retarget(width, &mut code, 0, [one, other]);
            assert_eq!(code.as_slice(), encoded(other).as_slice());
        }
    }
}

#[test]
fn a_loop_over_steps_is_as_the_assembler_has_it() {
    let mut bytes = Bytes::new();
    steps::load_addresses(4, &mut bytes);
    fetch(FAR, &mut bytes);
    fetch(STREAM, &mut bytes);
    let start = bytes.len();
    steps::repeat(4, start, &mut bytes);
    steps::leave(&mut bytes);
    let expected: &[&[u8]] = &[
        // mov r9, [rdi + 0]; mov r10, [rdi + 8]; mov r11, [rdi + 16]; mov rax, [rdi + 24]
        &[0x4c, 0x8b, 0x4f, 0, 0x4c, 0x8b, 0x57, 8],
        &[0x4c, 0x8b, 0x5f, 16, 0x48, 0x8b, 0x47, 24],
        // rex prefetcht1 [rcx + 0x4000]; prefetcht1 [r10 + 0x40]
        &[0x40, 0x0f, 0x18, 0x91, 0, 0x40, 0, 0],
        &[0x41, 0x0f, 0x18, 0x92, 0x40, 0, 0, 0],
        // add r9, [rsi + 0]; add r10, [rsi + 8]; add r11, [rsi + 16]; add rax, [rsi + 24]
        &[0x4c, 0x03, 0x4e, 0, 0x4c, 0x03, 0x56, 8],
        &[0x4c, 0x03, 0x5e, 16, 0x48, 0x03, 0x46, 24],
        // dec r8; jnz −25; vzeroupper; ret
        &[0x49, 0xff, 0xc8, 0x0f, 0x85, 0xe7, 0xff, 0xff, 0xff],
        &[0xc5, 0xf8, 0x77, 0xc3],
    ];
    assert_eq!(bytes.as_slice(), expected.concat());
}
