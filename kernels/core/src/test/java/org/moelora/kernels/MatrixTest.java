package org.moelora.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class MatrixTest {
    private static Memory memory(DType dtype, long length) {
        return new Memory(dtype, length) {
            @Override
            public Memory slice(long from, long length) {
                throw new UnsupportedOperationException();
            }

            @Override
            public boolean isOpen() {
                return true;
            }

            @Override
            public void close() {}
        };
    }

    /** [0 1 2 3; 4 5 6 7; 8 9 10 11] */
    private final Matrix m = Matrix.of(memory(DType.F32, 12), 3, 4);

    @Test
    void aPartOfATransposeIsTheTransposeOfAPart() {
        assertThat(m.index(1, 2)).isEqualTo(6);
        assertThat(m.t().index(2, 1)).isEqualTo(6);
        assertThat(m.columns(1, 2)).isEqualTo(new Matrix(m.memory(), 1, 3, 2, 4, false));
        assertThat(m.rows(1, 2)).isEqualTo(new Matrix(m.memory(), 4, 2, 4, 4, false));
        assertThat(m.t().rows(1, 2)).isEqualTo(m.columns(1, 2).t());
        assertThat(m.t().columns(1, 2)).isEqualTo(m.rows(1, 2).t());
        assertThat(m.t().t()).isEqualTo(m);
        assertThat(m.rows(1, 2).columns(2, 1).index(1, 0)).isEqualTo(10);
        assertThat(m.columns(1, 2).span()).isEqualTo(10);
        assertThat(m.parts(1, 2, 3)).isEqualTo(m.rows(1, 2));
        assertThat(m.t().parts(1, 2, 3)).isEqualTo(m.t().columns(1, 2));
    }

    @Test
    void emptyPartsLieAnywhere() {
        assertThat(m.rows(3, 0).span()).isZero();
        assertThat(m.columns(4, 0).t().rows()).isZero();
        assertThat(Matrix.of(memory(DType.F32, 0), 0, 7).columns(3, 2).span()).isZero();
    }

    @Test
    void whatDoesNotLieInTheMemoryIsRefused() {
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> Matrix.of(memory(DType.F32, 11), 3, 4));
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> new Matrix(m.memory(), 1, 3, 4, 4, true));
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> new Matrix(m.memory(), -1, 1, 1, 1, false));
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> Matrix.of(m.memory(), Integer.MAX_VALUE, Integer.MAX_VALUE));
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> m.columns(3, 2))
                .withMessage("columns 3 to 5 of 4");
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> m.rows(-1, 2));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> m.rows(Integer.MAX_VALUE, 2));
        assertThatIllegalArgumentException().isThrownBy(() -> m.parts(0, 1, 2));
        assertThatIllegalArgumentException().isThrownBy(() -> m.parts(0, 1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Matrix(m.memory(), 0, 2, 4, 3, false));
        assertThatIllegalArgumentException().isThrownBy(() -> new Matrix(m.memory(), 0, 2, 4, 1, true));
        assertThatIllegalArgumentException().isThrownBy(() -> Matrix.of(m.memory(), -1, 4));
        assertThatIllegalArgumentException().isThrownBy(() -> Matrix.of(memory(DType.I32, 12), 3, 4));
    }
}
