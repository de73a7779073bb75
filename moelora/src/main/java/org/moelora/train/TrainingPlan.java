package org.moelora.train;

import org.moelora.model.MemoryPlan;

/**
 * What a training would take, before it begins.
 *
 * @param steps optimizer steps
 * @param tokens to be read in training
 * @param parameters that are trained
 * @param memory the most that is in use at a time
 * @param seconds the time of the first steps in proportion to all tokens, once their code is compiled; without evaluations and checkpoints
 */
public record TrainingPlan(long steps, long tokens, long parameters, MemoryPlan memory, double seconds) {}
