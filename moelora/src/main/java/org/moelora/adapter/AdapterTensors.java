package org.moelora.adapter;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.moelora.engine.InputException;
import org.moelora.engine.Shape;
import org.moelora.io.SafetensorsFile;

/**
 * The tensors of an adapter on disk. LoRA is laid out as Hugging Face's PEFT has it: {@code base_model.model.LINEAR.lora_A.weight} [r, in] and
 * {@code .lora_B.weight} [out, r], with DoRA {@code .lora_magnitude_vector} [out]. MoELoRA has A and B per expert, under {@code LINEAR.experts.E.}, and
 * {@code LINEAR.moe_gate.weight} [E, in]; a router of prompts adds {@code moe_gate.scale} and {@code moe_gate.centre} [in], and a gate that
 * chooses with a bias {@code moe_gate.bias} [E], which do not learn.
 */
final class AdapterTensors {
    private static final String PREFIX = "base_model.model.";

    /** Before the keys of an adapter that another one grew on. */
    static final String OLDER = "older.";

    /** What the prompts look like that an adapter learned from. */
    static final String PROMPTS = "prompt_centres";

    private AdapterTensors() {}

    /** A tensor's key as PEFT saves it, for one that has the adapter's name in it, as PEFT has in memory. */
    private static String canonical(String name) {
        return name.replaceFirst("\\.(lora_[AB])\\.default\\.weight$", ".$1.weight")
                .replaceFirst("\\.lora_magnitude_vector(\\.default)?(\\.weight)?$", Dora.MAGNITUDE);
    }

    /**
     * The names of a file's tensors by the keys that PEFT saves.
     *
     * @throws InputException if two are one
     */
    static Map<String, String> keys(SafetensorsFile file) {
        Map<String, String> keys = new LinkedHashMap<>();
        for (String name : file.names()) {
            String twin = keys.put(canonical(name), name);
            if (twin != null) {
                throw new InputException(
                        file.file() + ": tensors " + twin + " and " + name + " are one; expected it once");
            }
        }
        return keys;
    }

    /** The linear that a tensor belongs to, by the key that PEFT saves. */
    static String linear(String key) {
        return key.substring(key.lastIndexOf(PREFIX) + (key.contains(PREFIX) ? PREFIX.length() : 1))
                .replaceFirst(
                        "\\.(experts\\.\\d+\\.)?(lora_[AB]|lora_core|moe_gate|moe_threshold|task_embedding|task_gate)\\.(weight|bias|scale|centre)$",
                        "")
                .replace(Dora.MAGNITUDE, "");
    }

    /** Whether a tensor is trainable; statistics are not. */
    static boolean trainable(String key) {
        return !key.endsWith(PROMPTS)
                && !key.endsWith(".moe_gate.scale")
                && !key.endsWith(".moe_gate.centre")
                && !key.endsWith(".moe_gate.bias");
    }

    /** The tensors that a linear's adapter is on disk: each a rectangle of one of its parameters. A router that linears share is with the one that has it. */
    static List<Slice> slices(AdapterConfig config, Routers routers, LinearSite site) {
        String module = site.name();
        int in = site.in();
        int out = site.out();
        String key = PREFIX + module;
        int rank = config.rank(site);
        if (config.gate() == null) {
            List<Slice> slices = new ArrayList<>();
            slices.add(new Slice(key + ".lora_A.weight", module + ".lora_A", 0, 0, rank, in));
            slices.add(new Slice(key + ".lora_B.weight", module + ".lora_B", 0, 0, out, rank, false, site));
            if (config.dora()) {
                slices.add(new Slice(key + Dora.MAGNITUDE, module + Dora.MAGNITUDE, 0, 0, out, 1, true, site));
            }
            return slices;
        }
        List<Slice> slices = new ArrayList<>();
        ExpertSpace space = config.space();
        if (space != ExpertSpace.SEPARATE) {
            slices.add(new Slice(key + ".lora_A.weight", module + ".lora_A", 0, 0, rank, in));
        }
        if (space == ExpertSpace.CORE) {
            slices.add(new Slice(key + ".lora_B.weight", module + ".lora_B", 0, 0, out, rank, false, site));
        }
        for (int e = 0; e < config.experts(site); e++) {
            String expert = key + ".experts." + e;
            if (space == ExpertSpace.SEPARATE) {
                slices.add(new Slice(expert + ".lora_A.weight", module + ".lora_A", e * rank, 0, rank, in));
            }
            if (space == ExpertSpace.CORE) {
                String cores = module + ExpertSpace.CORES;
                slices.add(new Slice(expert + ".lora_core.weight", cores, e * rank, 0, rank, rank));
            } else {
                slices.add(
                        new Slice(expert + ".lora_B.weight", module + ".lora_B", 0, e * rank, out, rank, false, site));
            }
        }
        List<GateParameter> ofGate = new ArrayList<>(routers.parameters(site));
        ofGate.addAll(routers.statistics(site));
        for (GateParameter gate : ofGate) {
            int[] dims = gate.dims();
            String name = module + "." + gate.name();
            slices.add(
                    dims.length == 1
                            ? new Slice(key + "." + gate.key(), name, dims[0])
                            : new Slice(key + "." + gate.key(), name, 0, 0, dims[0], dims[1]));
        }
        return slices;
    }

    /**
     * @param outputs the linear whose outputs the rows are, or null if they are something else
     */
    record Slice(
            String key,
            String parameter,
            int row,
            int col,
            int rows,
            int cols,
            boolean vector,
            @Nullable LinearSite outputs) {
        Slice(String key, String parameter, int row, int col, int rows, int cols) {
            this(key, parameter, row, col, rows, cols, false, null);
        }

        /** A whole vector, as one row. */
        Slice(String key, String parameter, int length) {
            this(key, parameter, 0, 0, 1, length, true, null);
        }

        long[] shape() {
            return vector ? new long[] {(long) rows * cols} : new long[] {rows, cols};
        }

        long size() {
            return (long) rows * cols;
        }

        /** Whether the tensor's values are one range of the parameter's, in the same order. */
        boolean isRange(Shape whole) {
            return outputs == null && (rows == 1 || cols == whole.dim(1));
        }

        /** Where row i of this rectangle begins in the parameter. */
        int at(int i, Shape whole) {
            int there = outputs == null ? i : outputs.baseRow(i);
            return (row + there) * (vector ? cols : whole.dim(1)) + col;
        }
    }
}
