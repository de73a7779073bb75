package org.moelora.bench.serve;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.ToDoubleFunction;

/**
 * Clients that each ask one request after another.
 *
 * @param clients at a time
 * @param requests of each
 * @param prompt tokens of a prompt, which are random, so that no cache helps
 * @param tokens that are written
 */
record Clients(int clients, int requests, int prompt, int tokens, int vocabulary) {
    /**
     * What they saw.
     *
     * @param throughput tokens of all clients a second
     * @param first seconds to the first token, half of the answers sooner
     * @param late seconds to the first token, nine of ten answers sooner
     * @param each tokens a second of one client, from its first token on
     */
    record Seen(double throughput, double first, double late, double each) {}

    Seen ask(Service service) {
        List<Service.Answer> answers = new ArrayList<>();
        long begin = System.nanoTime();
        try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
            List<Future<List<Service.Answer>>> all = new ArrayList<>();
            for (int c = 0; c < clients; c++) {
                SplittableRandom random = new SplittableRandom(c);
                all.add(threads.submit(() -> answers(service, random)));
            }
            for (Future<List<Service.Answer>> each : all) {
                answers.addAll(each.get());
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("a client failed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
        double seconds = (System.nanoTime() - begin) * 1e-9;
        int written = answers.stream().mapToInt(Service.Answer::tokens).sum();
        return new Seen(
                written / seconds,
                quantile(answers, 0.5, answer -> answer.first() * 1e-9),
                quantile(answers, 0.9, answer -> answer.first() * 1e-9),
                quantile(answers, 0.5, answer -> (answer.tokens() - 1) / ((answer.all() - answer.first()) * 1e-9)));
    }

    private List<Service.Answer> answers(Service service, SplittableRandom random) {
        List<Service.Answer> answers = new ArrayList<>();
        for (int i = 0; i < requests; i++) {
            answers.add(service.ask(random.ints(prompt, 3, vocabulary).toArray(), tokens));
        }
        return answers;
    }

    static double quantile(List<Service.Answer> answers, double share, ToDoubleFunction<Service.Answer> of) {
        double[] values = answers.stream().mapToDouble(of).toArray();
        Arrays.sort(values);
        return values[Math.min(values.length - 1, (int) Math.floor(share * values.length))];
    }
}
