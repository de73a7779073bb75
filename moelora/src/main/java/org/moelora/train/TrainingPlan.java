package org.moelora.train;

import org.moelora.model.MemoryPlan;

/**
 * What a training would take, before it begins.
 *
 * @param steps optimizer steps
 * @param tokens to be read in training
 * @param parameters that are trained
 * @param memory the most that is in use at a time
 * @param seconds the time of a pass over the largest step in proportion to all tokens, without evaluations; an estimate, on the high side since code still gets
 *     faster as it runs
 */
public record TrainingPlan(long steps, long tokens, long parameters, MemoryPlan memory, double seconds) {}
