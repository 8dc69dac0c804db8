"""skinkd: reproduce, audit and extend knowledge-distillation papers on skin lesions."""
