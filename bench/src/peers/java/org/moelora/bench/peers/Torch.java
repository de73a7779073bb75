package org.moelora.bench.peers;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;

/** libtorch in this process. */
final class Torch {
    private Torch() {}

    /** Loads it and sets its threads; returns its name and version. */
    static String start(int threads) {
        Engine engine = Engine.getEngine("PyTorch");
        JniUtils.setNumInteropThreads(1);
        JniUtils.setNumThreads(threads);
        return "libtorch " + engine.getVersion() + " through DJL " + Engine.getDjlVersion() + ", threads "
                + JniUtils.getNumThreads();
    }
}
