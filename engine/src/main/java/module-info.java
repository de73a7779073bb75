/** Tensors and gradients on top of the kernels: the tape, the ops, the optimizer, randomness and safetensors. */
module org.moelora.engine {
    requires static transitive org.jspecify;
    requires transitive org.moelora.kernels;
    requires tools.jackson.core;
}
