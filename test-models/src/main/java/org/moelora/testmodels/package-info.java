/**
 * The programs that made the bundled model: its pretraining text, its tokenizer, its eleven tasks and the pretraining
 * itself. Everything is generated from a seed, so that each file can be made again byte for byte.
 */
@NullMarked
package org.moelora.testmodels;

import org.jspecify.annotations.NullMarked;
