package org.moelora.adapter;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.moelora.engine.InputException;

/**
 * LoRA adapters that were trained apart as the experts of one mixture, as in Branch-Train-MiX (Sukhbaatar et al. 2024, arXiv 2403.07816) for adapters instead of
 * whole models. Expert e is adapter e exactly, up to one rounding where scales differ: {@code A = [A_1; ...; A_E]} and {@code B = [s_1/s B_1 ... s_E/s B_E]}, with zero
 * rows and columns up to the largest rank, and zeros on linears that an adapter does not have.
 */
final class Mix {
    private Mix() {}

    static Adapter of(Adaptable base, List<Adapter> parts, List<String> origins, GatePolicy gate, long seed) {
        if (parts.size() < 2) {
            throw new InputException(
                    "there is " + (parts.isEmpty() ? "no adapter" : "one adapter") + " to mix; expected two or more");
        }
        for (int e = 0; e < parts.size(); e++) {
            check(base, parts.get(e), origins.get(e));
        }
        Set<String> adapted =
                parts.stream().flatMap(part -> part.modules().stream()).collect(Collectors.toSet());
        List<LinearSite> sites = base.linears().stream()
                .filter(site -> adapted.contains(site.name()))
                .toList();
        int rank = 0;
        Set<Double> scales = new HashSet<>();
        for (Adapter part : parts) {
            for (LinearSite site : part.sites()) {
                rank = Math.max(rank, part.config().rank(site));
                scales.add(part.config().scale(site));
            }
        }
        double scale = scales.size() == 1 ? scales.iterator().next() : 1;
        MoeLoraConfig config = new MoeLoraConfig(
                List.of(parts.size()),
                gate,
                new Router.Prompt(),
                ExpertSpace.SEPARATE,
                rank,
                scale * rank,
                false,
                0,
                targets(sites, base.linears()));
        Adapter mixture = Adapter.create(base, config, seed);
        try {
            mixture.comesFrom(origins);
            for (LinearSite site : sites) {
                fill(mixture, parts, site);
            }
            return mixture;
        } catch (RuntimeException | Error e) {
            mixture.close();
            throw e;
        }
    }

    private static void check(Adaptable base, Adapter part, String origin) {
        if (!(part.config() instanceof LoraConfig lora)) {
            throw new InputException(origin + ": is a mixture already; expected LoRA adapters to mix");
        }
        if (lora.dora()) {
            throw new InputException(
                    origin + ": is DoRA, whose rows have magnitudes that depend on all of the update; expected LoRA");
        }
        part.base().difference(base.fingerprint()).ifPresent(difference -> {
            throw new InputException(origin + ": the adapter was made for another base: expected " + difference);
        });
    }

    /** The names of exactly these linears: short where all of a kind are among them. */
    private static Targets targets(List<LinearSite> sites, List<LinearSite> all) {
        List<String> names = new ArrayList<>();
        for (String projection :
                all.stream().map(LinearSite::projection).distinct().toList()) {
            List<LinearSite> kind = all.stream()
                    .filter(site -> site.projection().equals(projection))
                    .toList();
            List<LinearSite> here = kind.stream().filter(sites::contains).toList();
            if (here.size() == kind.size()) {
                names.add(projection);
            } else {
                here.forEach(site -> names.add(site.name()));
            }
        }
        return names.size() <= Targets.MAX
                ? Targets.of(names)
                : Targets.of(new Targets.Expression(sites.stream()
                        .map(site -> site.name().replace(".", "\\."))
                        .collect(Collectors.joining("|"))));
    }

    private static void fill(Adapter mixture, List<Adapter> parts, LinearSite site) {
        int rank = mixture.config().rank();
        int width = parts.size() * rank;
        float[] a = new float[width * site.in()];
        float[] b = new float[site.out() * width];
        for (int e = 0; e < parts.size(); e++) {
            AdapterLayer layer = parts.get(e).layers().get(site.name());
            if (layer == null) {
                continue;
            }
            float[] partA = layer.a().toArray();
            float[] partB = layer.b().toArray();
            int r = layer.a().shape().dim(0);
            float factor = (float)
                    (parts.get(e).config().scale(site) / mixture.config().scale(site));
            System.arraycopy(partA, 0, a, e * rank * site.in(), r * site.in());
            for (int o = 0; o < site.out(); o++) {
                for (int i = 0; i < r; i++) {
                    b[o * width + e * rank + i] = factor * partB[o * r + i];
                }
            }
        }
        mixture.parameters().get(site.name() + ".lora_A").set(a);
        mixture.parameters().get(site.name() + ".lora_B").set(b);
    }
}
