package org.moelora.train;

/**
 * What a training would take, before it begins.
 *
 * @param steps optimizer steps
 * @param tokens to be read in training
 * @param parameters that are trained
 * @param peakBytes most device memory in use at a time: measured in a pass over the largest step, and the optimizer's moments
 * @param seconds the time of that pass in proportion to all tokens, without evaluations; an estimate, on the high side since code still gets
 *     faster as it runs
 */
public record TrainingPlan(long steps, long tokens, long parameters, long peakBytes, double seconds) {}
